#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::store {

// One line of fields between tabs. Tab, newline, carriage return and backslash inside a field
// are written \t \n \r \\, as Postgres' COPY does, so that a line is always a record.
std::string tsv_line(std::initializer_list<std::string_view> fields);

// The fields of a line without its newline, unescaped.
std::vector<std::string> tsv_fields(std::string_view line);

} // namespace embedctl::store
