#pragma once

#include <string>

namespace embedctl {

// The result of a check, as data, so that all findings can be reported at once.
struct Finding {
  enum class Level { warning, error };

  Level level = Level::error; // an error keeps the operation from being done
  std::string what;           // as the message of an Error
  std::string hint;           // what to do next
  std::string sqlstate;       // of the error that Postgres would give; may be empty
};

} // namespace embedctl
