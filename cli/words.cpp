#include "cli/words.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

namespace embedctl::cli {

namespace {

std::string names_of(const Option& option) {
  return option.letter != 0 ? std::string("-") + option.letter + "," + option.name : option.name;
}

} // namespace

Words split_words(std::vector<std::string> words, const OptionSet& set) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<const Option*, CLI::Option*>> options;
  for (const Option& option : set.options()) {
    CLI::Option* const added =
        option.is_flag() ? app.add_flag(names_of(option)) : app.add_option(names_of(option));
    // A value that is missing is found by its absence rather than by an exception.
    if (!option.is_flag())
      added->expected(0, 1);
    added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.emplace_back(&option, added);
  }
  std::reverse(words.begin(), words.end()); // CLI11 takes them from the back
  app.parse(std::move(words));

  Words split;
  for (const auto& [option, parsed] : options) {
    if (parsed->count() == 0)
      continue;
    split.given.push_back({option, parsed->results()});
    const auto& values = split.given.back().values;
    if (!option->is_flag() && std::ranges::any_of(values, &std::string::empty))
      split.without_value.push_back(option);
  }
  split.unknown = app.remaining();
  return split;
}

} // namespace embedctl::cli
