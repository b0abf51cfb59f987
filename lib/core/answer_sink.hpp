#pragma once

#include "core/rows.hpp"

#include <string>
#include <vector>

namespace embedctl {

// What became of a row at a write. A pending row is locked by another session: try it again later.
struct RowOutcome {
  RowState state = RowState::pending;
  std::string code = {};    // of a row that failed
  std::string message = {}; // why; names what refused the row, and quotes no value

  friend bool operator==(const RowOutcome&, const RowOutcome&) = default;
};

// The code of a row that the database does not take.
inline constexpr const char* k_not_updated = "not_updated";

// Writes vectors to the target column. Thread-safe. Real class: pg::ColumnSink.
class AnswerSink {
public:
  virtual ~AnswerSink() = default;

  // One transaction: writes each vector whose row still has the recorded text and no vector (or any
  // vector, when overwriting), commits, and returns the outcome of each row in order: written,
  // already_set, stale, missing_row, pending if another session has it locked, or failed with
  // k_not_updated if the database refuses the row or does not hold the vector after the update.
  // A row that already has exactly this vector is written. Throws if the database refuses all rows
  // for one reason.
  virtual std::vector<RowOutcome> write(const AnswerChunk& chunk) = 0;

  // The state of each row without writing: missing_row; stale if its text changed, whatever its
  // vector; otherwise written with exactly this vector, already_set with another, pending with
  // none.
  virtual std::vector<RowState> examine(const AnswerChunk& chunk) = 0;
};

} // namespace embedctl
