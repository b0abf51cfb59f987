#pragma once

#include <string_view>

namespace embedctl::json {

bool is_utf8(std::string_view text);

} // namespace embedctl::json
