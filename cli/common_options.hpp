#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>

#include <CLI/CLI.hpp>

namespace embedctl::cli {

struct CommonOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

void add_common_options(CLI::App& app, CommonOptions& options);

// "--run-dir" -> "EMBEDCTL_RUN_DIR"
std::string variable_for(const std::string& long_name);

// Adds an option, or a flag where the target is a bool, that can also come from its variable.
// `names` is as CLI11 has it: "-v,--verbose". The help shows the default that `target` holds.
template <typename T>
CLI::Option* add(CLI::App& app, const std::string& names, T& target, const std::string& text) {
  CLI::Option* option = nullptr;
  if constexpr (std::is_same_v<T, bool>)
    option = app.add_flag(names, target, text);
  else
    option = app.add_option(names, target, text);
  if constexpr (
      !std::is_same_v<T, bool> && (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>))
    option->capture_default_str();
  return option->envname(variable_for(option->get_lnames().front()));
}

// At most one of these. One given as a flag silences the variables of the others, because a flag
// beats the environment; two variables contradict each other.
void exclusive(std::initializer_list<CLI::Option*> options);

// Validators. They look at the text alone: parsing opens nothing.
CLI::Validator positive_integer();
CLI::Validator filled();

// "180MiB", "200 MB", "1000" -> bytes, for an integer target; kB, MB, GB are powers of 1000.
CLI::Validator byte_size();

} // namespace embedctl::cli
