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

// Events of a command at work, apart from how they are shown. Calls come from many threads, and
// phases overlap. Real class: cli::Progress.
class ProgressSink {
public:
  virtual ~ProgressSink() = default;

  // `total` adds to what the phase has to do; zero where it is not known.
  virtual void expect(Phase phase, Amount total) = 0;
  virtual void advance(Phase phase, Amount done) = 0;
  virtual void finish(Phase phase) = 0;

  // One line for the user; it holds no secret, row text or vector.
  virtual void note(NoteLevel level, std::string_view text) = 0;
};

} // namespace embedctl
