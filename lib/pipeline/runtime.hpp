#pragma once

#include "base/stop.hpp"
#include "core/clock.hpp"
#include "core/progress_sink.hpp"

namespace embedctl::pipeline {

// What every command needs besides the database and the provider.
struct Runtime {
  Clock& clock;
  ProgressSink& progress;
  const StopFlag& stop;
};

} // namespace embedctl::pipeline
