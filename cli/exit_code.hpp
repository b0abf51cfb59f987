#pragma once

#include "base/error.hpp"
#include "base/stop.hpp"

namespace embedctl::cli {

// What the shell is told. A struct gives the names a scope and leaves them plain ints.
struct ExitCode {
  enum Value : int {
    done = 0,          // everything accounted for
    failed = 1,        // only a person or another command can do more
    usage = 2,         // wrong usage or configuration; nothing was touched
    rows_failed = 3,   // done, but some rows failed or were skipped
    not_done = 4,      // the same command again, later, moves it on
    locked = 5,        // another process is at work; nothing was touched
    unreachable = 6,   // after all retries; state is safe, run again later
    interrupted = 130, // Ctrl-C; state is safe
    terminated = 143,  // SIGTERM or SIGHUP; state is safe
  };
};

int exit_code_for(const Error& error, const StopFlag& stop);

// Of what several runs came to, the code that asks most of a person: 1, 6, 5, 4, 3, 0.
int worst_of(int a, int b);

// With these codes --quiet prints nothing, and cron sends no mail.
bool is_quiet_code(int exit_code);

} // namespace embedctl::cli
