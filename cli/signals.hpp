#pragma once

#include "base/stop.hpp"

namespace embedctl::cli {

// While this lives, the first SIGINT, SIGTERM or SIGHUP (taken for a SIGTERM) raises the flag, and
// a later one exits at once with 130 or 143. SIGPIPE is ignored: a write to a closed pipe is an
// error like any other. A signal that the parent had ignored (nohup, a background job of a script)
// stays ignored. SIGUSR1 asks for a report. At most one at a time.
class SignalHandlers {
public:
  explicit SignalHandlers(StopFlag& stop);
  ~SignalHandlers();
  SignalHandlers(const SignalHandlers&) = delete;
  SignalHandlers& operator=(const SignalHandlers&) = delete;

  // True once for each SIGUSR1, or for several that came close together.
  bool take_report_request() const;
};

} // namespace embedctl::cli
