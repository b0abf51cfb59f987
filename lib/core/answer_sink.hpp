#pragma once

#include "core/rows.hpp"

#include <vector>

namespace embedctl {

// Where vectors go. May be called from several threads. Real class: pg::ColumnSink.
class AnswerSink {
public:
  virtual ~AnswerSink() = default;

  // One transaction: writes each vector whose row still has the recorded text and no vector (or
  // any, when overwriting), commits, and tells for each row in order what became of it: written,
  // already_set, stale, missing_row, or failed where the row is as it should be and yet refused
  // the update (a trigger or a policy). A row that already holds exactly this vector is written.
  virtual std::vector<RowState> write(const AnswerChunk& chunk) = 0;

  // Without writing, what each row is now: missing_row, stale if it has another text, whatever its
  // vector, and else written with exactly this vector, already_set with another one, or pending
  // with none.
  virtual std::vector<RowState> examine(const AnswerChunk& chunk) = 0;
};

} // namespace embedctl
