#include "store/tsv.hpp"

#include "json/line_reader.hpp"

#include <algorithm>

namespace embedctl::store {

namespace {

constexpr std::string_view k_plain = "\t\n\r\\";
constexpr std::string_view k_escape = "tnr\\";

bool is_special(char c) {
  return c == '\t' || c == '\n' || c == '\r' || c == '\\';
}

void append_escaped(std::string& line, std::string_view field) {
  if (std::none_of(field.begin(), field.end(), is_special)) {
    line += field;
    return;
  }
  for (const char c : field)
    if (is_special(c))
      line += {'\\', k_escape[k_plain.find(c)]};
    else
      line += c;
}

} // namespace

std::string tsv_line(std::initializer_list<std::string_view> fields) {
  std::string line;
  for (const std::string_view& field : fields) {
    if (&field != fields.begin())
      line += '\t';
    append_escaped(line, field);
  }
  line += '\n';
  return line;
}

std::vector<std::string> tsv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\t') {
      fields.emplace_back();
    } else if (line[i] == '\\' && i + 1 < line.size()) {
      const auto special = k_escape.find(line[++i]);
      fields.back() += special == std::string_view::npos ? line[i] : k_plain[special];
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

void for_each_line(
    const std::filesystem::path& list,
    const std::function<void(const std::vector<std::string>& fields)>& visit) {
  if (!std::filesystem::exists(list))
    return;
  json::LineReader lines(list);
  while (lines.next())
    visit(tsv_fields(lines.line()));
}

} // namespace embedctl::store
