#pragma once

#include "base/stop.hpp"
#include "cli/common_arguments.hpp"
#include "cli/environment.hpp"
#include "cli/progress.hpp"
#include "core/clock.hpp"

namespace embedctl::cli {

// What every verb is given to work with.
struct Context {
  const Environment& environment;
  StopFlag& stop;
  Clock& clock;
  Progress& progress;
  CommonArguments common;
};

} // namespace embedctl::cli
