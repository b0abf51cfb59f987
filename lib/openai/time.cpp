#include "openai/parse.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

namespace embedctl::openai {

namespace {

// Parses a time from the front of a text.
class TimeText {
public:
  explicit TimeText(std::string_view text) : m_left(text) {}

  // Exactly `digits` digits.
  bool number(std::size_t digits, int& out) {
    if (m_left.size() < digits)
      return false;
    const char* end = m_left.data() + digits;
    const auto [stopped, error] = std::from_chars(m_left.data(), end, out);
    if (error != std::errc{} || stopped != end || out < 0)
      return false;
    m_left.remove_prefix(digits);
    return true;
  }

  bool any_of(std::string_view characters) {
    if (m_left.empty() || characters.find(m_left.front()) == std::string_view::npos)
      return false;
    m_taken = m_left.front();
    m_left.remove_prefix(1);
    return true;
  }

  char taken() const { return m_taken; }
  bool at_end() const { return m_left.empty(); }

private:
  std::string_view m_left;
  char m_taken = 0;
};

// "Z", "+02:00", "+0200", "+02" or nothing, in seconds.
std::optional<std::int64_t> take_zone(TimeText& text) {
  if (text.at_end() || text.any_of("Zz"))
    return 0;
  int hours = 0;
  int minutes = 0;
  if (!text.any_of("+-"))
    return std::nullopt;
  const int sign = text.taken() == '-' ? -1 : 1;
  if (!text.number(2, hours))
    return std::nullopt;
  text.any_of(":");
  if (!text.at_end() && !text.number(2, minutes))
    return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

std::optional<std::int64_t> parse_iso_time(std::string_view whole) {
  TimeText text(whole);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool has_date = text.number(4, year) && text.any_of("-") && text.number(2, month)
                        && text.any_of("-") && text.number(2, day);
  const bool has_time = has_date && text.any_of("Tt ") && text.number(2, hour) && text.any_of(":")
                        && text.number(2, minute) && text.any_of(":") && text.number(2, second);
  if (!has_time)
    return std::nullopt;
  if (text.any_of(".,"))
    while (text.any_of("0123456789")) {
    }
  const auto zone = take_zone(text);
  const std::chrono::year_month_day date{
      std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(day))};
  if (!zone || !text.at_end() || !date.ok())
    return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(days).count() + hour * 3600 + minute * 60 + second - *zone;
}

std::optional<std::int64_t> whole_seconds(double seconds) {
  constexpr double k_year_10000 = 253402300800.0;
  if (!std::isfinite(seconds) || seconds < 0 || seconds >= k_year_10000)
    return std::nullopt;
  return static_cast<std::int64_t>(seconds);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return whole_seconds(seconds);
}

} // namespace

std::int64_t parse_time(const json::Value& value) {
  if (const auto number = value.as_double())
    return whole_seconds(*number).value_or(0);
  const auto text = value.as_string();
  if (!text)
    return 0;
  const auto number = parse_number(*text);
  return number ? *number : parse_iso_time(*text).value_or(0);
}

} // namespace embedctl::openai
