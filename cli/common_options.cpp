#include "cli/common_options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace embedctl::cli {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Digits only: CLI11 itself would also take "0x10" and, cast to unsigned, "-1".
std::optional<std::uint64_t> parse_integer(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<std::uint64_t> unit_factor(std::string unit) {
  std::transform(unit.begin(), unit.end(), unit.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
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

} // namespace

void add_common_options(CLI::App& app, CommonOptions& options) {
  add(app, "--json", options.json, "Print one JSON object on stdout and nothing else there");
  add(app, "-q,--quiet", options.quiet, "Print nothing if the exit code is 0 or 4");
  add(app, "-v,--verbose", options.verbose, "Tell more on stderr");
}

std::string variable_for(const std::string& long_name) {
  std::string name = "EMBEDCTL_";
  for (const char c :
       long_name.substr(std::min(long_name.find_first_not_of('-'), long_name.size())))
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

void exclusive(std::initializer_list<CLI::Option*> options) {
  for (CLI::Option* option : options) {
    std::vector<CLI::Option*> others;
    std::copy_if(options.begin(), options.end(), std::back_inserter(others), [&](auto* other) {
      return other != option;
    });
    for (CLI::Option* other : others)
      option->excludes(other);
    // A flag is validated on the spot, before any variable is looked at. Newer CLI11 validates a
    // variable's value once before it counts as given, which must silence nothing.
    option->trigger_on_parse()->each([option, others](const std::string&) {
      if (option->count() > 0)
        for (CLI::Option* other : others)
          other->envname("");
    });
  }
}

CLI::Validator positive_integer() {
  return CLI::Validator(
      [](std::string& text) {
        const auto value = parse_integer(text);
        return value && *value > 0 ? std::string()
                                   : "\"" + text + "\" is not a whole number above 0";
      },
      "");
}

CLI::Validator filled() {
  return CLI::Validator(
      [](std::string& text) { return std::string(text.empty() ? "must not be empty" : ""); }, "");
}

CLI::Validator byte_size() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const auto digits = std::find_if_not(text.begin(), text.end(), is_digit);
        const auto unit = std::find_if(digits, text.end(), [](char c) { return c != ' '; });
        const auto number = parse_integer({text.begin(), digits});
        const auto factor = unit_factor({unit, text.end()});
        if (!number || !factor || *number == 0 || *number > UINT64_MAX / *factor)
          return "\"" + text + "\" is not a size such as 188743680, 180MiB or 200MB";
        text = std::to_string(*number * *factor);
        return "";
      },
      "");
}

} // namespace embedctl::cli
