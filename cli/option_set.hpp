#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace embedctl::cli {

// One option, as the parser, the help and the documents know it.
struct Option {
  std::string group; // heading in the help
  std::string name;  // "--run-dir"
  char letter = 0;   // 'q' for -q; 0: none
  std::string value; // "DIR"; empty for a flag
  std::string text;
  std::string usual; // the default, as the help shows it; empty: none

  // Takes the value, which for a flag is "true" or "false". Throws Error{usage} without the
  // option's name, which the parser puts in front.
  std::function<void(const std::string&)> assign;

  bool is_flag() const { return value.empty(); }

  // Shows this as the default instead of what the variable holds.
  void shows_default(std::string text_of_default) { usual = std::move(text_of_default); }
};

// The options that a command declares. `spec` is the option as the help shows it: "--limit N",
// "-q, --quiet". Each is bound to a variable, whose content is the default.
class OptionSet {
public:
  // Options that are declared from now on belong to this group.
  void group(std::string name) { m_group = std::move(name); }

  Option& flag(std::string_view spec, bool& target, std::string text);

  // Anything but an empty value.
  Option& text(std::string_view spec, std::string& target, std::string text);

  Option& text(std::string_view spec, std::filesystem::path& target, std::string text);

  Option& uuid(std::string_view spec, std::string& target, std::string text);

  // One of the words of the spec: "--encoding base64|float".
  Option& choice(std::string_view spec, std::string& target, std::string text);

  // "180MiB", "200 MB" or a number of bytes; kB, MB and GB are powers of 1000.
  Option& size(std::string_view spec, std::uint64_t& target, std::uint64_t most, std::string text);

  // A time in seconds: "30d", "12h", "90m", "45s", "2w".
  Option& age(std::string_view spec, std::uint64_t& target, std::string text);

  // A number of seconds that need not be whole.
  Option& seconds(std::string_view spec, double& target, std::string text);

  template <typename Integer>
  Option& number(
      std::string_view spec,
      Integer& target,
      std::type_identity_t<Integer> least,
      std::type_identity_t<Integer> most,
      std::string text) {
    return whole_number(
        spec, static_cast<std::uint64_t>(target), static_cast<std::uint64_t>(least),
        static_cast<std::uint64_t>(most), std::move(text),
        [&target](std::uint64_t value) { target = static_cast<Integer>(value); });
  }

  // Exactly one of these must be given. A flag hides the variables of the others, because a flag
  // beats the environment.
  void require_one_of(std::vector<std::string> names) { m_required = std::move(names); }

  // The same, but none is needed.
  void allow_one_of(std::vector<std::string> names) {
    m_required = std::move(names);
    m_needs_one = false;
  }

  const std::vector<Option>& options() const { return m_options; }
  const std::vector<std::string>& required() const { return m_required; }
  bool needs_one() const { return m_needs_one; }

  // nullptr if there is none.
  const Option* find(std::string_view name) const;
  const Option* find(char letter) const;

private:
  Option&
  add(std::string_view spec,
      std::string text,
      std::string usual,
      std::function<void(const std::string&)> assign);
  Option& whole_number(
      std::string_view spec,
      std::uint64_t usual,
      std::uint64_t least,
      std::uint64_t most,
      std::string text,
      std::function<void(std::uint64_t)> assign);

  std::string m_group = "Options";
  std::vector<Option> m_options;
  std::vector<std::string> m_required;
  bool m_needs_one = true;
};

// "--run-dir" -> "EMBEDCTL_RUN_DIR"
std::string variable_for(std::string_view option);

// true, yes, on, 1 or false, no, off, 0. Throws Error{usage}.
bool parse_bool(const std::string& text);

} // namespace embedctl::cli
