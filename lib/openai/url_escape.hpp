#pragma once

#include <string>
#include <string_view>

namespace embedctl::openai {

// An id or name as one path segment or query value; ids of gateways contain "/", "+" and "=".
std::string url_escaped(std::string_view text);

} // namespace embedctl::openai
