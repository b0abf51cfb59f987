#pragma once

#include "core/clock.hpp"
#include "core/progress_sink.hpp"

#include <chrono>
#include <functional>

namespace embedctl::pg {

// Makes the attempt, again and again after growing pauses while it throws Error{unreachable}, until
// `timeout` is over; throws the last error then, and any other at once. `progress`, which may be
// null, is told why it is tried again.
void retry_while_away(
    Clock& clock,
    std::chrono::milliseconds timeout,
    ProgressSink* progress,
    const std::function<void()>& attempt);

} // namespace embedctl::pg
