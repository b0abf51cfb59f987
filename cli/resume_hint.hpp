#pragma once

#include "base/error.hpp"

#include <string>

#include <fmt/format.h>

namespace embedctl::cli {

// Runs `action`. If it is interrupted or loses its connection, the error says how to resume, and
// names the run folder, if `run_dir` has one by then.
template <typename Action>
auto with_resume_hint(
    const std::string& command, const Action& action, const std::string* run_dir = nullptr) {
  try {
    return action();
  } catch (const Error& error) {
    const bool can_resume =
        error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::unreachable;
    if (!can_resume || !error.hint().empty())
      throw;
    Error with_hint(
        error.kind(), error.what(),
        fmt::format(
            "batches continue at the provider{}; resume with: {}",
            run_dir == nullptr || run_dir->empty() ? "" : fmt::format(" (run folder: {})", *run_dir),
            command));
    with_hint.sqlstate = error.sqlstate;
    with_hint.provider = error.provider;
    throw with_hint;
  }
}

} // namespace embedctl::cli
