#pragma once

#include "core/rows.hpp"

#include <vector>

namespace embedctl {

// Writes vectors to the target column. Thread-safe. Real class: pg::ColumnSink.
class AnswerSink {
public:
  virtual ~AnswerSink() = default;

  // One transaction: writes each vector whose row still has the recorded text and no vector (or any
  // vector, when overwriting), commits, and returns the state of each row in order: written,
  // already_set, stale, missing_row, or failed if the row qualifies but the update had no effect (a
  // trigger or a policy). A row that already has exactly this vector is written.
  virtual std::vector<RowState> write(const AnswerChunk& chunk) = 0;

  // The state of each row without writing: missing_row; stale if its text changed, whatever its
  // vector; otherwise written with exactly this vector, already_set with another, pending with
  // none.
  virtual std::vector<RowState> examine(const AnswerChunk& chunk) = 0;
};

} // namespace embedctl
