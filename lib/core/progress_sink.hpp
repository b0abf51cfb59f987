#pragma once

#include <cstdint>
#include <string_view>

namespace embedctl {

enum class Phase { select, upload, wait, download, write, index };
inline constexpr int k_phases = 6;

struct Amount {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

enum class NoteLevel { detail, info, warning };

// Progress events, independent of how they are displayed. Thread-safe; phases overlap. Real class:
// cli::Progress.
class ProgressSink {
public:
  virtual ~ProgressSink() = default;

  // `total` adds to the phase's total; zero if unknown.
  virtual void expect(Phase phase, Amount total) = 0;
  virtual void advance(Phase phase, Amount done) = 0;
  virtual void finish(Phase phase) = 0;

  // What else is known of a phase now: "2 in_progress, 1 validating".
  virtual void describe(Phase phase, std::string_view text) = 0;

  // One line for the user; contains no secret, row text or vector.
  virtual void note(NoteLevel level, std::string_view text) = 0;
};

} // namespace embedctl
