#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::cli {

// A table of text: columns as wide as their widest cell, two blanks between them.
class Table {
public:
  enum class Align { left, right };
  struct Column {
    std::string header;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns);

  // Cells are made safe for a terminal; missing ones are blank. Throws Error{internal} if there
  // are more than columns.
  void add_row(const std::vector<std::string>& cells);

  bool empty() const { return m_rows.empty(); }

  // Header and rows, each line ended by a newline and none by a blank.
  std::string text() const;

private:
  void append_line(std::string& out, const std::vector<std::string>& cells) const;

  std::vector<Column> m_columns;
  std::vector<std::size_t> m_widths;
  std::vector<std::vector<std::string>> m_rows;
};

} // namespace embedctl::cli
