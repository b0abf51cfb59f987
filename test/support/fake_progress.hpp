#pragma once

#include "core/progress_sink.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace embedctl::test {

// Keeps the notes and forgets the rest.
class FakeProgress : public ProgressSink {
public:
  void expect(Phase, Amount) override {}
  void advance(Phase, Amount) override {}
  void finish(Phase) override {}
  void note(NoteLevel, std::string_view text) override {
    const std::lock_guard lock(m_mutex);
    notes.emplace_back(text);
  }

  std::vector<std::string> notes;

private:
  std::mutex m_mutex;
};

} // namespace embedctl::test
