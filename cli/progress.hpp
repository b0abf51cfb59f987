#pragma once

#include "cli/phase_meter.hpp"
#include "core/clock.hpp"
#include "core/progress_sink.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace embedctl::cli {

struct ProgressStyle {
  bool live = false; // one line, redrawn; otherwise a dated line now and then
  bool colour = false;
  bool quiet = false;   // hold warnings back, show nothing else
  bool verbose = false; // show details too
  std::chrono::milliseconds log_every{5000};
};

// Shows a command at work, on stderr. On a terminal one live line tells the active phases, and
// gives way to notes; anywhere else each phase logs a line every `log_every` while it moves, and
// ever more seldom while it stands still. Nothing moves by itself: a ProgressTicker calls tick().
class Progress : public ProgressSink {
public:
  using Write = std::function<void(std::string_view)>;
  using Width = std::function<std::size_t()>;

  // `clock`, `write` and `width` are used under one lock, but from any thread.
  Progress(const ProgressStyle& style, Clock& clock, Write write, Width width);
  ~Progress() override;

  void expect(Phase phase, Amount total) override;
  void advance(Phase phase, Amount done) override;
  void finish(Phase phase) override;
  void describe(Phase phase, std::string_view text) override;
  void note(NoteLevel level, std::string_view text) override;

  // Redraws or logs, where it is time to.
  void tick();

  // The active phases, a line each.
  std::string snapshot();

  // Prints the snapshot, even to the quiet.
  void report();

  // Clears the live line for good; notes are still shown.
  void close();

  // Shows the warnings that `quiet` held back, unless the command ended as cron likes it.
  void flush_held(int exit_code);

private:
  struct Shown {
    PhaseMeter meter;
    bool begun = false;
    Clock::Steady logged_at;
    std::chrono::milliseconds pause{0}; // until the next log line
    std::uint64_t logged_units = 0;
    bool logged = false;
  };

  Shown& of(Phase phase) { return m_phases[static_cast<std::size_t>(phase)]; }
  void begin(Phase phase);
  std::vector<std::string> active_lines();
  std::string fitting_line(std::size_t width) const;
  void draw();
  void clear_line();
  void log_due(Clock::Steady now);
  void print(std::string_view line);
  std::string dated(std::string_view line) const;
  std::string decorated(NoteLevel level, std::string_view text) const;

  const ProgressStyle m_style;
  Clock& m_clock;
  const Write m_write;
  const Width m_width;

  std::mutex m_mutex;
  std::array<Shown, k_phases> m_phases;
  std::string m_drawn; // empty: the line is clear
  bool m_closed = false;
  std::vector<std::string> m_held;
  std::size_t m_held_too_many = 0;
};

// Calls tick() ten times a second from a thread of its own, for as long as it lives, and report()
// where `report_wanted` says so.
class ProgressTicker {
public:
  ProgressTicker(Progress& progress, std::function<bool()> report_wanted);
  ~ProgressTicker();
  ProgressTicker(const ProgressTicker&) = delete;
  ProgressTicker& operator=(const ProgressTicker&) = delete;

private:
  std::mutex m_mutex;
  std::condition_variable m_wake;
  bool m_done = false;
  std::thread m_thread;
};

} // namespace embedctl::cli
