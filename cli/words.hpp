#pragma once

#include "cli/option_set.hpp"

#include <string>
#include <vector>

namespace embedctl::cli {

// What stands on the command line behind the command.
struct Words {
  struct Given {
    const Option* option;
    std::vector<std::string> values; // as often as it is given; "true" for a flag without one
  };
  std::vector<Given> given;
  std::vector<const Option*> without_value; // options that need one
  std::vector<std::string> unknown;         // neither options of the set nor their values
};

// Splits it with CLI11, which is seen here alone: its header is slow to compile, and its messages
// differ between its releases.
Words split_words(std::vector<std::string> words, const OptionSet& set);

} // namespace embedctl::cli
