#include "cli/format.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

bool continues_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string formatted(const std::tm& time, const char* format) {
  std::array<char, 64> buffer{};
  return std::string(buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &time));
}

} // namespace

std::string human_duration(std::chrono::seconds duration) {
  const auto seconds = std::max<std::chrono::seconds::rep>(duration.count(), 0);
  if (seconds < 60)
    return fmt::format("{}s", seconds);
  if (seconds < 3600)
    return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86400)
    return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{:02}h", seconds / 86400, seconds / 3600 % 24);
}

std::string local_time(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm time{};
  ::localtime_r(&seconds, &time);
  return formatted(time, "%Y-%m-%d %H:%M:%S");
}

std::string utc_time(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  return formatted(time, "%Y-%m-%dT%H:%M:%SZ");
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0)
    return "";
  if (part >= whole)
    return "100%";
  const double ratio = static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{}%", std::min(static_cast<int>(ratio * 100), 99));
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", human_count(count), noun, count == 1 ? "" : "s");
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_code_point(c); }));
}

std::string_view cut_to_width(std::string_view text, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!continues_code_point(text[i]) && ++columns > width)
      return text.substr(0, i);
  return text;
}

} // namespace embedctl::cli
