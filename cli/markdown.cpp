#include "cli/markdown.hpp"

#include "cli/format.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace embedctl::cli {

namespace {

using Lines = std::vector<std::string>;

// Marks in text that is not laid out yet. They take no column, and never span a blank, so that a
// line may be broken anywhere.
constexpr char k_bold_on = '\x01';
constexpr char k_bold_off = '\x02';

constexpr std::string_view k_blanks = " \t";
constexpr std::size_t k_code_indent = 4;
constexpr std::size_t k_column_gap = 2;
constexpr std::size_t k_narrowest = 20; // below this a layout is not readable anyway

bool is_mark(char c) {
  return c == k_bold_on || c == k_bold_off;
}

std::size_t columns_of(std::string_view text) {
  return display_width(text)
         - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_mark));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(k_blanks);
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(k_blanks) - first + 1);
}

std::string with_escapes(std::string_view text, const TextStyle& style) {
  std::string out;
  for (const char c : text)
    if (!is_mark(c))
      out += c;
    else if (style.colour)
      out += c == k_bold_on ? "\x1b[1m" : "\x1b[0m";
  return out;
}

// Marks each word of the text.
std::string marked(std::string_view text) {
  std::string out(1, k_bold_on);
  for (const char c : text)
    if (c == ' ')
      out += {k_bold_off, ' ', k_bold_on};
    else
      out += c;
  return out + k_bold_off;
}

// "[text](target)" at the start of `rest`; the target is shown only where it is an address.
std::optional<std::string> take_link(std::string_view& rest) {
  const std::size_t middle = rest.find("](");
  const std::size_t end = rest.find(')', std::min(middle, rest.size()));
  if (middle == rest.npos || end == rest.npos)
    return std::nullopt;
  std::string text(rest.substr(1, middle - 1));
  const std::string_view target = rest.substr(middle + 2, end - middle - 2);
  if (target.starts_with("http") && target != text)
    text += " (" + std::string(target) + ")";
  rest.remove_prefix(end + 1);
  return text;
}

// What stands between a mark at the start of `rest` and the same mark again.
std::optional<std::string> take_between(std::string_view& rest, std::string_view mark) {
  const std::size_t end = rest.find(mark, mark.size());
  if (!rest.starts_with(mark) || end == rest.npos)
    return std::nullopt;
  std::string text(rest.substr(mark.size(), end - mark.size()));
  rest.remove_prefix(end + mark.size());
  return text;
}

std::string inline_marks(std::string_view rest) {
  std::string out;
  while (!rest.empty()) {
    if (auto code = take_between(rest, "`")) {
      out += marked(*code);
    } else if (auto strong = take_between(rest, "**")) {
      out += marked(*strong);
    } else if (auto link = rest.front() == '[' ? take_link(rest) : std::nullopt) {
      out += *link;
    } else {
      if (rest.starts_with("\\|"))
        rest.remove_prefix(1);
      out += rest.front();
      rest.remove_prefix(1);
    }
  }
  return out;
}

Lines broken(std::string_view text, std::size_t width) {
  Lines lines;
  std::string line;
  while (!(text = trimmed(text)).empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!line.empty() && columns_of(line) + 1 + columns_of(word) > width)
      lines.push_back(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(word.size());
  }
  lines.push_back(line);
  return lines;
}

std::vector<std::string> cells_of(std::string_view row) {
  row = trimmed(row);
  row.remove_prefix(1);
  if (row.ends_with('|'))
    row.remove_suffix(1);
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '|' && (i == 0 || row[i - 1] != '\\')) {
      cells.push_back(inline_marks(trimmed(cell)));
      cell.clear();
    } else {
      cell += row[i];
    }
  }
  cells.push_back(inline_marks(trimmed(cell)));
  return cells;
}

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  for (const std::string& word : broken(text, 0))
    longest = std::max(longest, columns_of(word));
  return longest;
}

class Renderer {
public:
  explicit Renderer(const TextStyle& style) : m_style(style) {
    m_style.width = std::max(m_style.width, k_narrowest);
  }

  std::string render(std::string_view markdown) {
    for (bool more = true; more;) {
      const std::size_t end = markdown.find('\n');
      take(markdown.substr(0, end));
      more = end != markdown.npos && end + 1 < markdown.size();
      markdown.remove_prefix(more ? end + 1 : markdown.size());
    }
    finish_block();
    return with_escapes(m_out, m_style);
  }

private:
  void take(std::string_view line) {
    if (line.starts_with("```")) {
      finish_block();
      if (!m_in_code)
        separate();
      m_in_code = !m_in_code;
    } else if (m_in_code) {
      m_out += line.empty() ? "\n" : std::string(k_code_indent, ' ') + std::string(line) + "\n";
    } else if (trimmed(line).empty()) {
      finish_block();
      m_in_list = false;
    } else if (line.starts_with("#")) {
      finish_block();
      separate();
      m_out += marked(trimmed(line.substr(line.find_first_not_of('#')))) + "\n";
    } else if (line.starts_with("|")) {
      if (m_table.empty())
        finish_block();
      // The line of dashes below the header.
      if (m_table.size() != 1 || line.find_first_not_of("|-: ") != line.npos)
        m_table.push_back(cells_of(line));
    } else {
      if (line.starts_with("- ")) {
        finish_block();
        m_item = true;
        line.remove_prefix(2);
      }
      m_paragraph += std::string(m_paragraph.empty() ? "" : " ") + std::string(trimmed(line));
    }
  }

  // One empty line between blocks, and none between the items of a list.
  void separate() {
    if (!m_out.empty())
      m_out += '\n';
  }

  void finish_block() {
    if (!m_paragraph.empty())
      finish_paragraph();
    if (!m_table.empty())
      finish_table();
  }

  void finish_paragraph() {
    const std::string first = m_item ? "- " : "";
    if (!m_item || !m_in_list)
      separate();
    std::string indent = first;
    for (const std::string& line :
         broken(inline_marks(m_paragraph), m_style.width - first.size())) {
      m_out += indent + line + "\n";
      indent.assign(first.size(), ' ');
    }
    m_in_list = m_item;
    m_item = false;
    m_paragraph.clear();
  }

  void finish_table() {
    separate();
    const auto widths = column_widths();
    bool header = true;
    for (std::vector<std::string>& row : m_table) {
      row.resize(widths.size());
      std::vector<Lines> cells;
      std::size_t height = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        cells.push_back(broken(row[i], widths[i]));
        height = std::max(height, cells.back().size());
      }
      for (std::size_t n = 0; n < height; ++n)
        append_row(cells, n, widths, header);
      header = false;
    }
    m_table.clear();
  }

  void append_row(
      const std::vector<Lines>& cells,
      std::size_t n,
      const std::vector<std::size_t>& widths,
      bool header) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::string cell = n < cells[i].size() ? cells[i][n] : "";
      const std::size_t used = columns_of(cell);
      if (header)
        cell = marked(cell);
      line += cell + std::string(widths[i] - std::min(used, widths[i]) + k_column_gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    m_out += line + '\n';
  }

  // As wide as their widest cell. If that is too much, the widest column is narrowed until the
  // table fits, but never to less than its longest word.
  std::vector<std::size_t> column_widths() const {
    std::vector<std::size_t> widths(m_table.front().size());
    std::vector<std::size_t> least(widths.size());
    for (const auto& row : m_table)
      for (std::size_t i = 0; i < std::min(row.size(), widths.size()); ++i) {
        widths[i] = std::max(widths[i], columns_of(row[i]));
        least[i] = std::max(least[i], longest_word(row[i]));
      }
    const std::size_t gaps = k_column_gap * (widths.size() - 1);
    while (std::accumulate(widths.begin(), widths.end(), gaps) > m_style.width) {
      std::optional<std::size_t> widest;
      for (std::size_t i = 0; i < widths.size(); ++i)
        if (widths[i] > least[i] && (!widest || widths[i] > widths[*widest]))
          widest = i;
      if (!widest)
        break;
      --widths[*widest];
    }
    return widths;
  }

  TextStyle m_style;
  std::string m_out;
  std::string m_paragraph;
  std::vector<std::vector<std::string>> m_table;
  bool m_item = false;    // the paragraph is an item of a list
  bool m_in_list = false; // the block before was one
  bool m_in_code = false;
};

} // namespace

std::string render_markdown(std::string_view markdown, const TextStyle& style) {
  return Renderer(style).render(markdown);
}

std::string wrapped(std::string_view text, std::size_t column, std::size_t width) {
  std::string out;
  for (const std::string& line :
       broken(text, width > column + k_narrowest ? width - column : k_narrowest))
    out += (out.empty() ? "" : std::string(column, ' ')) + line + "\n";
  return out;
}

std::string bold(std::string_view text, const TextStyle& style) {
  return with_escapes(marked(text), style);
}

} // namespace embedctl::cli
