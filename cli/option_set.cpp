#include "cli/option_set.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

[[noreturn]] void refuse(const std::string& message, const std::string& hint = "") {
  throw Error(ErrorKind::usage, message, hint);
}

[[noreturn]] void refuse_value(const std::string& text, std::string_view what) {
  refuse(fmt::format("\"{}\" is not {}", printable(text), what));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return lower(c); });
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// nullopt if it is not a number of digits alone, or too large.
std::optional<std::uint64_t> parse_integer(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!all_digits(text) || error != std::errc())
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> unit_factor(const std::string& unit) {
  if (unit.empty() || unit == "b")
    return 1;
  std::uint64_t factor = 1;
  const std::uint64_t step = unit.ends_with("ib") ? 1024 : 1000;
  for (const char prefix : std::string_view("kmgt")) {
    factor *= step;
    if (unit == std::string(1, prefix) + (step == 1024 ? "ib" : "b"))
      return factor;
  }
  return std::nullopt;
}

// nullopt if it is not a size, or too large for 64 bits.
std::optional<std::uint64_t> parse_size(const std::string& text) {
  const auto digits = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto unit = std::find_if(digits, text.end(), [](char c) { return c != ' '; });
  const auto number = parse_integer({text.begin(), digits});
  const auto factor = unit_factor(lower(std::string(unit, text.end())));
  if (!number || !factor || *number > UINT64_MAX / *factor)
    return std::nullopt;
  return *number * *factor;
}

// Exact and short: "180 MiB", "300 MB", "1,001 bytes".
std::string size_text(std::uint64_t bytes) {
  std::string best = fmt::format("{} byte{}", human_count(bytes), bytes == 1 ? "" : "s");
  std::uint64_t smallest = bytes;
  for (const char* unit : {"kB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB"}) {
    const std::uint64_t factor = *unit_factor(lower(unit));
    if (bytes % factor == 0 && bytes / factor > 0 && bytes / factor < smallest) {
      smallest = bytes / factor;
      best = fmt::format("{} {}", human_count(smallest), unit);
    }
  }
  return best;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != text.npos; text.remove_prefix(end == text.npos ? 0 : end + 1)) {
    end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
  }
  return parts;
}

// "a", "a or b", "a, b or c"
std::string listed(const std::vector<std::string>& words) {
  if (words.size() < 2)
    return words.empty() ? "" : words.front();
  return fmt::format("{} or {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back());
}

} // namespace

Option& OptionSet::flag(std::string_view spec, bool& target, std::string text) {
  return add(spec, std::move(text), "", [&target](const std::string& value) {
    target = parse_bool(value);
  });
}

Option& OptionSet::text(std::string_view spec, std::string& target, std::string text) {
  return add(
      spec, std::move(text), target, [&target](const std::string& value) { target = value; });
}

Option& OptionSet::text(std::string_view spec, std::filesystem::path& target, std::string text) {
  return add(
      spec, std::move(text), target, [&target](const std::string& value) { target = value; });
}

Option& OptionSet::uuid(std::string_view spec, std::string& target, std::string text) {
  return add(spec, std::move(text), target, [&target](const std::string& value) {
    const auto uuid = canonical_uuid(value);
    if (!uuid)
      refuse(
          fmt::format("\"{}\" is not a valid UUID", printable(value)),
          "a UUID looks like 123e4567-e89b-12d3-a456-426614174000");
    target = *uuid;
  });
}

Option& OptionSet::choice(std::string_view spec, std::string& target, std::string text) {
  const auto words = split(spec.substr(spec.rfind(' ') + 1), '|');
  return add(spec, std::move(text), target, [&target, words](const std::string& value) {
    if (std::find(words.begin(), words.end(), value) == words.end())
      refuse_value(value, listed(words));
    target = value;
  });
}

Option& OptionSet::size(
    std::string_view spec, std::uint64_t& target, std::uint64_t most, std::string text) {
  return add(spec, std::move(text), size_text(target), [&target, most](const std::string& value) {
    const auto bytes = parse_size(value);
    if (!bytes)
      refuse_value(value, "a size such as 180MiB, 200MB or 188743680");
    if (*bytes == 0)
      refuse("must be at least 1 byte");
    if (*bytes > most)
      refuse(fmt::format("{} exceeds the maximum of {}", size_text(*bytes), size_text(most)));
    target = *bytes;
  });
}

Option& OptionSet::age(std::string_view spec, std::uint64_t& target, std::string text) {
  return add(spec, std::move(text), "", [&target](const std::string& value) {
    constexpr std::string_view k_units = "smhdw";
    constexpr std::array<std::uint64_t, 5> k_seconds = {1, 60, 3600, 86'400, 604'800};
    const auto unit = value.empty() ? k_units.npos : k_units.find(value.back());
    const auto number =
        unit == k_units.npos ? std::nullopt : parse_integer(value.substr(0, value.size() - 1));
    if (!number || *number > 1'000'000'000)
      refuse_value(value, "a time such as 30d, 12h or 90m");
    target = *number * k_seconds[unit];
  });
}

Option& OptionSet::seconds(std::string_view spec, double& target, std::string text) {
  return add(spec, std::move(text), fmt::format("{}", target), [&target](const std::string& value) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number)
        || number < 0)
      refuse_value(value, "a number of seconds");
    target = number;
  });
}

Option& OptionSet::whole_number(
    std::string_view spec,
    std::uint64_t usual,
    std::uint64_t least,
    std::uint64_t most,
    std::string text,
    std::function<void(std::uint64_t)> assign) {
  return add(
      spec, std::move(text), std::to_string(usual),
      [least, most, assign = std::move(assign)](const std::string& value) {
        const bool negative = value.starts_with('-');
        if (!all_digits(value.substr(negative ? 1 : 0)))
          refuse_value(value, "a whole number");
        const auto number = parse_integer(value);
        if (negative || (number && *number < least))
          refuse(fmt::format("{} is below the minimum of {}", printable(value), least));
        if (!number || *number > most)
          refuse(fmt::format("{} exceeds the maximum of {}", printable(value), human_count(most)));
        assign(*number);
      });
}

// "-q, --quiet", "--limit N"
Option& OptionSet::add(
    std::string_view spec,
    std::string text,
    std::string usual,
    std::function<void(const std::string&)> assign) {
  Option option;
  option.group = m_group;
  if (!spec.starts_with("--")) {
    option.letter = spec.at(1);
    spec.remove_prefix(spec.find("--"));
  }
  const std::size_t end = std::min(spec.find(' '), spec.size());
  option.name = spec.substr(0, end);
  option.value = spec.substr(std::min(end + 1, spec.size()));
  option.text = std::move(text);
  option.usual = std::move(usual);
  option.assign = std::move(assign);
  return m_options.emplace_back(std::move(option));
}

const Option* OptionSet::find(std::string_view name) const {
  const auto found = std::find_if(
      m_options.begin(), m_options.end(), [&](const Option& each) { return each.name == name; });
  return found == m_options.end() ? nullptr : &*found;
}

const Option* OptionSet::find(char letter) const {
  const auto found = std::find_if(m_options.begin(), m_options.end(), [&](const Option& each) {
    return each.letter != 0 && each.letter == letter;
  });
  return found == m_options.end() ? nullptr : &*found;
}

std::string variable_for(std::string_view option) {
  std::string name = "EMBEDCTL_";
  for (const char c : option.substr(std::min(option.find_first_not_of('-'), option.size())))
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

bool parse_bool(const std::string& text) {
  const std::string word = lower(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1")
    return true;
  if (word == "false" || word == "no" || word == "off" || word == "0")
    return false;
  refuse_value(text, "true or false");
}

} // namespace embedctl::cli
