#pragma once

#include <cstdint>
#include <string_view>

namespace embedctl::http {

// Whether this `content-range` of a 206 response covers everything after `offset`.
bool completes_from(std::string_view content_range, std::uint64_t offset);

} // namespace embedctl::http
