#pragma once

#include "core/progress_sink.hpp"

namespace embedctl::pipeline {

// For work that is done again and was counted before: passes only the notes on.
class NotesOnly : public ProgressSink {
public:
  explicit NotesOnly(ProgressSink& progress) : m_progress(progress) {}

  void expect(Phase, Amount) override {}
  void advance(Phase, Amount) override {}
  void finish(Phase) override {}
  void describe(Phase, std::string_view) override {}
  void note(NoteLevel level, std::string_view text) override { m_progress.note(level, text); }

private:
  ProgressSink& m_progress;
};

} // namespace embedctl::pipeline
