#pragma once

#include "core/clock.hpp"
#include "core/progress_sink.hpp"

#include <chrono>
#include <functional>

namespace embedctl::pg {

// Calls the attempt repeatedly, with growing pauses, while it throws Error{unreachable}, until
// `timeout` passes; then throws the last error. Other errors are thrown at once. Retries are noted
// to `progress`, which may be null.
void retry_while_away(
    Clock& clock,
    std::chrono::milliseconds timeout,
    ProgressSink* progress,
    const std::function<void()>& attempt);

} // namespace embedctl::pg
