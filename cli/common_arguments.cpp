#include "cli/common_arguments.hpp"

namespace embedctl::cli {

void add_common_options(OptionSet& set, CommonArguments& options) {
  set.group("Output");
  set.flag("--json", options.json, "print one JSON object on stdout, and nothing else there");
  set.flag("-q, --quiet", options.quiet, "print nothing if the exit code is 0 or 4");
  set.flag("-v, --verbose", options.verbose, "print more on stderr");
}

} // namespace embedctl::cli
