#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::store {

// One line of tab-separated fields. Tab, newline, carriage return and backslash are escaped as \t
// \n \r \\, as in Postgres COPY, so that a line is always one record.
std::string tsv_line(std::initializer_list<std::string_view> fields);

// The unescaped fields of a line without its newline.
std::vector<std::string> tsv_fields(std::string_view line);

} // namespace embedctl::store
