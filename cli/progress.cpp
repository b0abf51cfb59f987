#include "cli/progress.hpp"

#include "base/bytes.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr auto k_tick = std::chrono::milliseconds(100);

// A batch may stand still for a day; its log shall not have a line for each five seconds of it.
constexpr auto k_longest_pause = std::chrono::minutes(10);

// Memory stays flat however many rows a run has to warn about.
constexpr std::size_t k_most_held = 1000;

constexpr std::size_t k_longest_note = 4000;

constexpr std::string_view k_clear_line = "\r\x1b[K";
constexpr std::string_view k_yellow = "\x1b[33m";
constexpr std::string_view k_plain = "\x1b[0m";

} // namespace

Progress::Progress(const ProgressStyle& style, Clock& clock, Write write, Width width)
    : m_style(style), m_clock(clock), m_write(std::move(write)), m_width(std::move(width)) {}

Progress::~Progress() {
  close();
}

void Progress::expect(Phase phase, Amount total) {
  const std::lock_guard lock(m_mutex);
  if (!of(phase).meter.active())
    begin(phase);
  of(phase).meter.expect(total);
}

void Progress::advance(Phase phase, Amount done) {
  const std::lock_guard lock(m_mutex);
  if (!of(phase).begun)
    begin(phase);
  of(phase).meter.advance(done);
}

void Progress::finish(Phase phase) {
  const std::lock_guard lock(m_mutex);
  Shown& shown = of(phase);
  if (!shown.meter.active())
    return;
  const std::string summary = shown.meter.summary(m_clock.steady());
  shown.meter.finish();
  if (m_style.quiet)
    return;
  clear_line();
  if (shown.logged || m_style.verbose)
    print(summary);
}

void Progress::describe(Phase phase, std::string_view text) {
  const std::lock_guard lock(m_mutex);
  of(phase).meter.describe(printable(text, k_longest_note));
}

void Progress::note(NoteLevel level, std::string_view text) {
  const std::lock_guard lock(m_mutex);
  const std::string line = decorated(level, printable(text, k_longest_note));
  if (m_style.quiet) {
    if (level != NoteLevel::warning)
      return;
    if (m_held.size() < k_most_held)
      m_held.push_back(dated(line));
    else
      ++m_held_too_many;
  } else if (level != NoteLevel::detail || m_style.verbose) {
    clear_line();
    print(line);
  }
}

void Progress::tick() {
  const std::lock_guard lock(m_mutex);
  if (m_style.quiet || m_closed)
    return;
  const auto now = m_clock.steady();
  for (Shown& shown : m_phases)
    shown.meter.sample(now);
  if (m_style.live)
    draw();
  else
    log_due(now);
}

std::string Progress::snapshot() {
  const std::lock_guard lock(m_mutex);
  return fmt::format("{}\n", fmt::join(active_lines(), "\n"));
}

void Progress::report() {
  const std::lock_guard lock(m_mutex);
  clear_line();
  for (const std::string& line : active_lines())
    print(line);
}

void Progress::close() {
  const std::lock_guard lock(m_mutex);
  clear_line();
  m_closed = true;
}

void Progress::flush_held(int exit_code) {
  const std::lock_guard lock(m_mutex);
  if (!is_quiet_code(exit_code)) {
    for (const std::string& line : m_held)
      m_write(line);
    if (m_held_too_many > 0)
      print(decorated(
          NoteLevel::warning, fmt::format("{} more", counted(m_held_too_many, "warning"))));
  }
  m_held.clear();
  m_held_too_many = 0;
}

void Progress::begin(Phase phase) {
  const auto now = m_clock.steady();
  of(phase) = Shown{PhaseMeter(phase, now), true, now, m_style.log_every};
}

std::vector<std::string> Progress::active_lines() {
  const auto now = m_clock.steady();
  std::vector<std::string> lines;
  for (Shown& shown : m_phases) {
    shown.meter.sample(now);
    if (shown.meter.active())
      lines.push_back(shown.meter.text(now));
  }
  if (lines.empty())
    lines.push_back("nothing in progress");
  return lines;
}

// Every active phase has its name. The room that is left is shared out evenly; where it runs out,
// the later phases, which are closer to the goal, tell more.
std::string Progress::fitting_line(std::size_t width) const {
  using Detail = PhaseMeter::Detail;
  const auto now = m_clock.steady();
  std::vector<const PhaseMeter*> meters;
  std::vector<std::string> texts;
  for (const Shown& shown : m_phases)
    if (shown.meter.active()) {
      meters.push_back(&shown.meter);
      texts.push_back(shown.meter.text(now, Detail::name));
    }
  const auto joined = [&] { return fmt::format("{}", fmt::join(texts, " | ")); };
  for (const Detail detail :
       {Detail::share, Detail::left, Detail::amount, Detail::rate, Detail::all})
    for (std::size_t i = meters.size(); i-- > 0;) {
      std::string text = std::exchange(texts[i], meters[i]->text(now, detail));
      if (display_width(joined()) > width)
        texts[i] = std::move(text);
    }
  return std::string(cut_to_width(joined(), width));
}

void Progress::draw() {
  // A character in the last column would make the terminal begin a new line.
  std::string line = fitting_line(std::max<std::size_t>(m_width(), 2) - 1);
  if (line == m_drawn)
    return;
  m_write(fmt::format("\r{}\x1b[K", line));
  m_drawn = std::move(line);
}

void Progress::clear_line() {
  if (!m_drawn.empty())
    m_write(k_clear_line);
  m_drawn.clear();
}

void Progress::log_due(Clock::Steady now) {
  for (Shown& shown : m_phases) {
    if (!shown.meter.active() || now - shown.logged_at < shown.pause)
      continue;
    const bool moved = shown.meter.done_units() != shown.logged_units;
    shown.pause = moved ? m_style.log_every
                        : std::min<std::chrono::milliseconds>(shown.pause * 2, k_longest_pause);
    shown.logged_at = now;
    shown.logged_units = shown.meter.done_units();
    shown.logged = true;
    print(shown.meter.text(now));
  }
}

void Progress::print(std::string_view line) {
  m_write(dated(line));
}

// Without a terminal the line will be read later, in a log or a mail: it says when.
std::string Progress::dated(std::string_view line) const {
  return m_style.live ? fmt::format("{}\n", line)
                      : fmt::format("{}  {}\n", local_time(m_clock.unix_seconds()), line);
}

std::string Progress::decorated(NoteLevel level, std::string_view text) const {
  if (level != NoteLevel::warning)
    return std::string(text);
  return fmt::format(
      "{}warning:{} {}", m_style.colour ? k_yellow : "", m_style.colour ? k_plain : "", text);
}

ProgressTicker::ProgressTicker(Progress& progress, std::function<bool()> report_wanted)
    : m_thread([this, &progress, report_wanted = std::move(report_wanted)] {
        std::unique_lock lock(m_mutex);
        while (!m_wake.wait_for(lock, k_tick, [this] { return m_done; })) {
          if (report_wanted())
            progress.report();
          progress.tick();
        }
      }) {}

ProgressTicker::~ProgressTicker() {
  {
    const std::lock_guard lock(m_mutex);
    m_done = true;
  }
  m_wake.notify_one();
  m_thread.join();
}

} // namespace embedctl::cli
