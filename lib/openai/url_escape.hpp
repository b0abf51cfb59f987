#pragma once

#include <string>
#include <string_view>

namespace embedctl::openai {

// An id or name as one segment or query value of a URL; ids of gateways hold "/", "+" and "=".
std::string url_escaped(std::string_view text);

} // namespace embedctl::openai
