#pragma once

#include "base/stop.hpp"
#include "core/clock.hpp"
#include "core/progress_sink.hpp"

namespace embedctl::pipeline {

// What every verb works with besides the database and the provider.
struct Work {
  Clock& clock;
  ProgressSink& progress;
  const StopFlag& stop;
};

} // namespace embedctl::pipeline
