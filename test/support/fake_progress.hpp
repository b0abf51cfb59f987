#pragma once

#include "core/progress_sink.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <map>
#include <vector>

namespace embedctl::test {

// Keeps the notes, and how many rows each phase has done.
class FakeProgress : public ProgressSink {
public:
  void expect(Phase, Amount) override {}
  void advance(Phase phase, Amount done) override {
    std::unique_lock lock(m_mutex);
    const std::uint64_t rows = rows_done.at(static_cast<std::size_t>(phase)) += done.rows;
    lock.unlock();
    if (on_advance)
      on_advance(phase, rows);
  }
  void finish(Phase) override {}
  void describe(Phase phase, std::string_view text) override {
    const std::lock_guard lock(m_mutex);
    described[phase] = text;
  }
  void note(NoteLevel, std::string_view text) override {
    const std::lock_guard lock(m_mutex);
    notes.emplace_back(text);
  }

  std::vector<std::string> notes;
  std::map<Phase, std::string> described;
  std::array<std::uint64_t, k_phases> rows_done{};
  std::function<void(Phase, std::uint64_t rows)> on_advance;

private:
  std::mutex m_mutex;
};

} // namespace embedctl::test
