#include "cli/progress.hpp"

#include "cli/exit_code.hpp"
#include "fake_clock.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>

using namespace embedctl;
using namespace embedctl::cli;
using namespace std::chrono_literals;

namespace {

struct Shown {
  explicit Shown(const ProgressStyle& style)
      : progress(
          style, clock, [this](std::string_view text) { out += text; }, [this] { return width; }) {}

  void pass(Clock::Duration duration) {
    clock.sleep_for(duration);
    out.clear();
    progress.tick();
  }

  // What came out, without the time that each line begins with.
  std::string undated() const {
    constexpr std::size_t k_date = std::string_view("2026-03-01 12:00:05  ").size();
    std::string text;
    for (std::size_t at = 0; at < out.size();) {
      const std::size_t end = out.find('\n', at) + 1;
      REQUIRE(end > at + k_date);
      text += out.substr(at + k_date, end - at - k_date);
      at = end;
    }
    return text;
  }

  test::FakeClock clock;
  std::string out;
  std::size_t width = 80;
  Progress progress;
};

ProgressStyle live() {
  ProgressStyle style;
  style.live = true;
  return style;
}

ProgressStyle quiet() {
  ProgressStyle style;
  style.quiet = true;
  return style;
}

} // namespace

TEST_CASE("a live line tells rows, share, bytes, rate and time left", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::write, {10'000, 0});
  shown.progress.advance(Phase::write, {2'000, 1 << 20});
  shown.pass(1s);
  CHECK(shown.out == "\rwriting 2,000 of 10,000 rows (20%), 1.0 MiB, 2,000 rows/s, 4s left\x1b[K");
  shown.progress.finish(Phase::write);
  CHECK(shown.out.ends_with("\r\x1b[K"));
  shown.pass(1s);
  CHECK(shown.out.empty());
}

TEST_CASE("transfers are timed by their bytes", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::upload, {500, 10 << 20});
  shown.progress.advance(Phase::upload, {0, 1 << 20});
  shown.pass(500ms);
  CHECK(shown.progress.snapshot() == "uploading 1.0 MiB of 10.0 MiB (10%), 2.0 MiB/s, 5s left\n");
}

TEST_CASE("waiting tells how long it has been, and guesses by what came since", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::wait, {});
  shown.pass(80s);
  CHECK(shown.progress.snapshot() == "waiting, 1m20s so far\n");
  shown.progress.expect(Phase::wait, {50'000, 0});
  shown.progress.advance(Phase::wait, {100, 0});
  CHECK(shown.progress.snapshot() == "waiting 100 of 50,000 rows (0%), 1m20s so far\n");
  shown.progress.advance(Phase::wait, {9'900, 0});
  shown.progress.describe(Phase::wait, "1 in_progress");
  CHECK(
      shown.progress.snapshot()
      == "waiting 10,000 of 50,000 rows (20%), 1 in_progress, 1m20s so far, about 5m23s left\n");
}

TEST_CASE("the rate follows a change and fades when work stands still", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::select, {});
  for (int i = 0; i < 60; ++i) {
    shown.progress.advance(Phase::select, {100, 0});
    shown.pass(1s);
  }
  CHECK(shown.progress.snapshot() == "selecting 6,000 rows, 100 rows/s\n");
  for (int i = 0; i < 60; ++i) {
    shown.progress.advance(Phase::select, {1000, 0});
    shown.pass(1s);
  }
  CHECK_THAT(
      shown.progress.snapshot(),
      ContainsSubstring(", 1,000 rows/s") || ContainsSubstring(", 999 rows/s"));
  for (int i = 0; i < 90; ++i)
    shown.pass(1s);
  CHECK(shown.progress.snapshot() == "selecting 66,000 rows\n");
}

TEST_CASE("the live line tells as much as the window has room for", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::write, {50'000, 0});
  shown.progress.advance(Phase::write, {12'000, 48 << 20});
  shown.pass(4s);
  // The window's last column stays free.
  const std::vector<std::pair<std::size_t, const char*>> lines = {
      {200, "writing 12,000 of 50,000 rows (24%), 48.0 MiB, 3,000 rows/s, 13s left"},
      {71, "writing 12,000 of 50,000 rows (24%), 48.0 MiB, 3,000 rows/s, 13s left"},
      {70, "writing 12,000 of 50,000 rows (24%), 3,000 rows/s, 13s left"},
      {60, "writing 12,000 of 50,000 rows (24%), 3,000 rows/s, 13s left"},
      {59, "writing 12,000 of 50,000 rows (24%), 13s left"},
      {45, "writing 24%, 13s left"},
      {21, "writing 24%"},
      {11, "writing"},
      {5, "writ"},
      {1, "w"},
      {0, "w"}};
  for (const auto& [width, line] : lines) {
    INFO(width);
    shown.width = width;
    shown.pass(0s);
    if (!shown.out.empty())
      CHECK(shown.out == "\r" + std::string(line) + "\x1b[K");
  }
}

TEST_CASE("phases that overlap share the width, and the last one tells most", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::wait, {50'000, 0});
  shown.progress.advance(Phase::wait, {49'000, 0});
  shown.progress.expect(Phase::download, {0, 100 << 20});
  shown.progress.advance(Phase::download, {0, 50 << 20});
  shown.progress.expect(Phase::write, {50'000, 0});
  shown.progress.advance(Phase::write, {12'000, 48 << 20});
  const std::vector<std::pair<std::size_t, const char*>> lines = {
      {200,
       "waiting 49,000 of 50,000 rows (98%), 4s so far | downloading 50.0 MiB of 100.0 MiB (50%), "
       "12.5 MiB/s, 4s left | writing 12,000 of 50,000 rows (24%), 48.0 MiB, 3,000 rows/s, 13s "
       "left"},
      {120,
       "waiting 98%, 4s so far | downloading 50%, 4s left | writing 12,000 of 50,000 rows (24%), "
       "3,000 rows/s, 13s left"},
      {100,
       "waiting 98%, 4s so far | downloading 50%, 4s left | writing 12,000 of 50,000 rows (24%), "
       "13s left"},
      {80, "waiting 98%, 4s so far | downloading 50%, 4s left | writing 24%, 13s left"},
      {60, "waiting 98% | downloading 50% | writing 24%, 13s left"},
      {40, "waiting | downloading 50% | writing 24%"},
      {36, "waiting | downloading | writing 24%"},
      {32, "waiting | downloading | writing"},
      {31, "waiting | downloading | writin"}};
  shown.pass(4s);
  for (const auto& [width, line] : lines) {
    INFO(width);
    shown.width = width;
    shown.pass(0s);
    CHECK(shown.out == "\r" + std::string(line) + "\x1b[K");
  }
  for (std::size_t width = 2; width < 220; ++width) {
    shown.width = width;
    shown.pass(0s);
    CHECK(shown.out.size() <= width - 1 + std::string_view("\r\x1b[K").size());
  }
}

TEST_CASE("a line that has not changed is not drawn again", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::select, {1'000, 0});
  shown.pass(100ms);
  CHECK_FALSE(shown.out.empty());
  shown.pass(100ms);
  CHECK(shown.out.empty());
}

TEST_CASE("a note takes the live line's place and cannot move the terminal", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::select, {1'000, 0});
  shown.pass(1s);
  shown.out.clear();
  shown.progress.note(NoteLevel::info, "batch\n1 \x1b[2J sent");
  CHECK(shown.out == "\r\x1b[Kbatch\\x0a1 \\x1b[2J sent\n");
  shown.pass(1s);
  CHECK_THAT(shown.out, StartsWith("\rselecting"));
  shown.progress.close();
  CHECK(shown.out.ends_with("\r\x1b[K"));
  shown.pass(1s);
  CHECK(shown.out.empty());
}

TEST_CASE("details are for the verbose, and warnings are marked", "[cli]") {
  ProgressStyle style = live();
  Shown terse(style);
  terse.progress.note(NoteLevel::detail, "detail");
  terse.progress.note(NoteLevel::warning, "careful");
  CHECK(terse.out == "warning: careful\n");
  style.verbose = style.colour = true;
  Shown verbose(style);
  verbose.progress.note(NoteLevel::detail, "detail");
  verbose.progress.note(NoteLevel::warning, "careful");
  CHECK(verbose.out == "detail\n\x1b[33mwarning:\x1b[0m careful\n");
}

TEST_CASE("without a terminal a moving phase logs a dated line every few seconds", "[cli]") {
  Shown shown({});
  shown.progress.expect(Phase::write, {1'000, 0});
  shown.progress.advance(Phase::write, {100, 0});
  shown.pass(4900ms);
  CHECK(shown.out.empty());
  shown.pass(100ms);
  CHECK(shown.undated() == "writing 100 of 1,000 rows (10%), 20 rows/s, 44s left\n");
  shown.progress.advance(Phase::write, {900, 0});
  shown.out.clear();
  shown.progress.finish(Phase::write);
  CHECK(shown.undated() == "writing 1,000 of 1,000 rows (100%) took 5s\n");
}

TEST_CASE("a short phase leaves no line in a log", "[cli]") {
  Shown shown({});
  shown.progress.expect(Phase::write, {10, 0});
  shown.pass(1s);
  shown.progress.finish(Phase::write);
  CHECK(shown.out.empty());
}

TEST_CASE("a phase that stands still logs ever more seldom", "[cli]") {
  Shown shown({});
  shown.progress.expect(Phase::wait, {10, 0});
  int lines = 0;
  for (int i = 0; i < 24 * 3600; ++i) {
    shown.pass(1s);
    lines += shown.out.empty() ? 0 : 1;
  }
  CHECK(lines > 100);
  CHECK(lines < 200);
  shown.progress.advance(Phase::wait, {1, 0});
  shown.pass(10min);
  CHECK_FALSE(shown.out.empty());
  shown.pass(5s);
  CHECK_FALSE(shown.out.empty());
}

TEST_CASE("a finished phase begins anew when more is expected", "[cli]") {
  Shown shown(live());
  shown.progress.expect(Phase::download, {0, 100});
  shown.progress.advance(Phase::download, {0, 100});
  shown.progress.finish(Phase::download);
  shown.progress.advance(Phase::download, {0, 1});
  CHECK(shown.progress.snapshot() == "nothing in progress\n");
  shown.progress.expect(Phase::download, {0, 10});
  CHECK(shown.progress.snapshot() == "downloading 0 B of 10 B (0%)\n");
}

TEST_CASE("quiet shows its warnings only if the command did not end well", "[cli]") {
  for (const int exit_code : {ExitCode::done, ExitCode::not_done, ExitCode::rows_failed}) {
    Shown shown(quiet());
    shown.progress.expect(Phase::select, {10, 0});
    shown.progress.note(NoteLevel::info, "info");
    shown.progress.note(NoteLevel::warning, "careful");
    shown.pass(1h);
    shown.progress.finish(Phase::select);
    shown.progress.close();
    CHECK(shown.out.empty());
    shown.progress.flush_held(exit_code);
    CHECK(shown.undated() == (exit_code == ExitCode::rows_failed ? "warning: careful\n" : ""));
  }
}

TEST_CASE("quiet holds no more warnings than fit", "[cli]") {
  Shown shown(quiet());
  for (int i = 0; i < 1500; ++i)
    shown.progress.note(NoteLevel::warning, "careful");
  shown.progress.flush_held(ExitCode::failed);
  CHECK(std::count(shown.out.begin(), shown.out.end(), '\n') == 1001);
  CHECK_THAT(shown.out, ContainsSubstring("warning: 500 warnings more\n"));
}

TEST_CASE("events may come from many threads while the ticker draws", "[cli]") {
  test::FakeClock clock;
  std::atomic<std::size_t> written{0};
  Progress progress(
      live(), clock, [&](std::string_view text) { written += text.size(); }, [] { return 80u; });
  {
    const ProgressTicker ticker(progress, [] { return false; });
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&progress, i] {
        for (int n = 0; n < 1000; ++n) {
          progress.expect(Phase::write, {1, 0});
          progress.advance(Phase::write, {1, 0});
          if (n % 100 == i)
            progress.note(NoteLevel::info, "note");
        }
      });
    for (std::thread& thread : threads)
      thread.join();
    std::this_thread::sleep_for(150ms);
  }
  CHECK(progress.snapshot() == "writing 4,000 of 4,000 rows (100%)\n");
  CHECK(written > 0);
}
