#pragma once

#include <filesystem>
#include <functional>
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

// The fields of each line of a list; none if there is no such file.
void for_each_line(
    const std::filesystem::path& list,
    const std::function<void(const std::vector<std::string>& fields)>& visit);

} // namespace embedctl::store
