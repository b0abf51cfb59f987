#pragma once

#include "base/error.hpp"

#include <string>

#include <fmt/format.h>

namespace embedctl::cli {

// Runs `work`; where it is cut short, the error says with which command to go on.
template <typename Work>
auto with_way_on(const std::string& command, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    const bool cut_short =
        error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::unreachable;
    if (!cut_short || !error.hint().empty())
      throw;
    Error with_hint(
        error.kind(), error.what(),
        fmt::format(
            "nothing is lost, and what is sent goes on at the provider; go on with: {}", command));
    with_hint.sqlstate = error.sqlstate;
    with_hint.provider = error.provider;
    throw with_hint;
  }
}

} // namespace embedctl::cli
