#pragma once

#include "base/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace embedctl::cli {

// "45s", "1m20s", "2h05m", "3d04h"; anything negative is "0s".
std::string human_duration(std::chrono::seconds duration);

// "2026-03-01 12:00:05" where this machine is.
std::string local_time(std::int64_t unix_seconds);

// "2026-03-01T12:00:05Z"
std::string utc_time(std::int64_t unix_seconds);

// "24%"; never "100%" before the last one is done. Empty if there is no whole.
std::string percent(std::uint64_t part, std::uint64_t whole);

// "1 row", "12,345 rows"
std::string counted(std::uint64_t count, std::string_view noun);

using embedctl::shell_quoted;

// Columns on a terminal, one per code point of valid UTF-8.
std::size_t display_width(std::string_view text);

// The first `width` columns.
std::string_view cut_to_width(std::string_view text, std::size_t width);

} // namespace embedctl::cli
