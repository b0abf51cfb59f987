#include "cli/table.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/format.hpp"

#include <algorithm>

namespace embedctl::cli {

Table::Table(std::vector<Column> columns) : m_columns(std::move(columns)) {
  for (const Column& column : m_columns)
    m_widths.push_back(display_width(column.header));
}

void Table::add_row(const std::vector<std::string>& cells) {
  if (cells.size() > m_columns.size())
    throw Error(ErrorKind::internal, "a table row has more cells than the table has columns");
  auto& row = m_rows.emplace_back();
  for (const std::string& cell : cells) {
    std::size_t& width = m_widths[row.size()];
    row.push_back(printable(cell));
    width = std::max(width, display_width(row.back()));
  }
  row.resize(m_columns.size());
}

std::string Table::text() const {
  std::vector<std::string> headers;
  for (const Column& column : m_columns)
    headers.push_back(column.header);
  std::string out;
  append_line(out, headers);
  for (const auto& row : m_rows)
    append_line(out, row);
  return out;
}

void Table::append_line(std::string& out, const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string padding(m_widths[i] - display_width(cells[i]), ' ');
    line += i == 0 ? "" : "  ";
    line += m_columns[i].align == Align::right ? padding + cells[i] : cells[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + '\n';
}

} // namespace embedctl::cli
