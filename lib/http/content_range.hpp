#pragma once

#include <cstdint>
#include <string_view>

namespace embedctl::http {

// Whether a 206 answer with this `content-range` gives all that was missing behind `offset`.
bool completes_from(std::string_view content_range, std::uint64_t offset);

} // namespace embedctl::http
