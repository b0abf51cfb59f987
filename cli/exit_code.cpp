#include "cli/exit_code.hpp"

#include <csignal>

namespace embedctl::cli {

int exit_code_for(const Error& error, const StopFlag& stop) {
  switch (error.kind()) {
  case ErrorKind::usage:
    return ExitCode::usage;
  case ErrorKind::locked:
    return ExitCode::locked;
  case ErrorKind::unreachable:
    return ExitCode::unreachable;
  case ErrorKind::interrupted:
    return stop.signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
  case ErrorKind::database:
  case ErrorKind::provider:
  case ErrorKind::io:
  case ErrorKind::corrupt:
  case ErrorKind::internal:
    break;
  }
  return ExitCode::failed;
}

int worst_of(int a, int b) {
  for (const int code :
       {ExitCode::failed, ExitCode::unreachable, ExitCode::locked, ExitCode::not_done,
        ExitCode::rows_failed})
    if (a == code || b == code)
      return code;
  return ExitCode::done;
}

bool is_quiet_code(int exit_code) {
  return exit_code == ExitCode::done || exit_code == ExitCode::not_done
         || exit_code == ExitCode::locked;
}

} // namespace embedctl::cli
