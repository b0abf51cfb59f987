#include "cli/run.hpp"

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/output.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>

#include <fcntl.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace embedctl;
using namespace embedctl::cli;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};

std::string read_to_end(int fd) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

int exit_code_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::vector<Command> work(const std::function<int(Context&)>& run) {
  return {{{"work", "Work", {"work"}, {}}, [](OptionSet&) {}, run}};
}

// What waits in a buffer would come out of the child as well.
void flush_own_output() {
  std::cout.flush();
  std::fflush(nullptr);
}

[[noreturn]] void be_embedctl(
    const std::vector<std::string>& arguments, const std::function<int(Context&)>& command) {
  ::_exit(run(arguments, work(command)));
}

// What embedctl with one command does with these arguments, in a process of its own.
Outcome outcome_of(
    const std::vector<std::string>& arguments,
    const std::function<int(Context&)>& command,
    const std::function<void()>& prepare = [] {}) {
  int out[2];
  int err[2];
  REQUIRE(::pipe(out) == 0);
  REQUIRE(::pipe(err) == 0);
  flush_own_output();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    for (const int fd : {out[0], out[1], err[0], err[1]})
      ::close(fd);
    if (::chdir("/") != 0) // away from a .env that may lie here
      ::_exit(99);
    prepare();
    be_embedctl(arguments, command);
  }
  ::close(out[1]);
  ::close(err[1]);
  Outcome outcome;
  outcome.out = read_to_end(out[0]);
  outcome.err = read_to_end(err[0]);
  ::close(out[0]);
  ::close(err[0]);
  outcome.exit_code = exit_code_of(child);
  return outcome;
}

int print_seven(Context& context) {
  return print_result(context, ExitCode::done, R"({"rows":7})", "7 rows\n");
}

int fail(Context&) {
  throw Error(ErrorKind::unreachable, "no one there", "come again");
}

// What a command that notices exits with after these signals, each this long after the other.
int exit_code_after(const std::vector<int>& signals, std::chrono::milliseconds pause) {
  return outcome_of(
             {"work"},
             [&](Context& context) {
               for (const int signal : signals) {
                 ::raise(signal);
                 std::this_thread::sleep_for(pause);
               }
               context.clock.sleep_for(30s);
               return 77;
             })
      .exit_code;
}

} // namespace

TEST_CASE("a command's result goes to stdout, as text or as one JSON object", "[cli]") {
  const Outcome text = outcome_of({"work"}, print_seven);
  CHECK(text.exit_code == 0);
  CHECK(text.out == "7 rows\n");
  CHECK(text.err.empty());
  CHECK(outcome_of({"work", "--json"}, print_seven).out == "{\"rows\":7}\n");
}

TEST_CASE("quiet prints a result only if the exit code is neither 0 nor 4", "[cli]") {
  CHECK(outcome_of({"work", "--quiet"}, print_seven).out.empty());
  const Outcome failed = outcome_of({"work", "--quiet"}, [](Context& context) {
    context.progress.note(NoteLevel::warning, "two rows failed");
    return print_result(context, ExitCode::rows_failed, "{}", "7 rows\n");
  });
  CHECK(failed.exit_code == 3);
  CHECK(failed.out == "7 rows\n");
  CHECK_THAT(failed.err, ContainsSubstring("warning: two rows failed"));
}

TEST_CASE("an error goes to stderr, or with --json to stdout", "[cli]") {
  const Outcome text = outcome_of({"work"}, fail);
  CHECK(text.exit_code == 6);
  CHECK(text.out.empty());
  CHECK(text.err == "embedctl: error: no one there\nhint: come again\n");
  const Outcome json = outcome_of({"work", "--json"}, fail);
  CHECK(json.exit_code == 6);
  CHECK_THAT(json.out, StartsWith("{\"error\":{\"kind\":\"unreachable\""));
  CHECK(json.err.empty());
  const Outcome usage = outcome_of({"wrok", "--json"}, fail);
  CHECK(usage.exit_code == 2);
  CHECK_THAT(usage.out, StartsWith("{\"error\":{\"kind\":\"usage\""));
  CHECK(usage.err.empty());
}

TEST_CASE("a result that cannot be written is a failure", "[cli]") {
  const auto to_full_disk = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); };
  for (const auto& arguments : {std::vector<std::string>{"work"}, {"work", "--json"}, {"--help"}}) {
    const Outcome full = outcome_of(arguments, print_seven, to_full_disk);
    CHECK(full.exit_code == 1);
    CHECK_THAT(full.err, ContainsSubstring("cannot write to standard output: No space left"));
  }
  const Outcome closed = outcome_of({"work"}, print_seven, [] { ::close(STDOUT_FILENO); });
  CHECK(closed.exit_code == 1);
  const Outcome gone = outcome_of({"work"}, print_seven, [] {
    int ends[2];
    if (::pipe(ends) == 0)
      ::dup2(ends[1], STDOUT_FILENO), ::close(ends[0]);
  });
  CHECK(gone.exit_code == 1);
  CHECK_THAT(gone.err, ContainsSubstring("Broken pipe"));
}

TEST_CASE("a closed stdout is not reused for a file", "[cli]") {
  const Outcome outcome = outcome_of(
      {"work"}, [](Context&) { return ::open("/dev/null", O_RDONLY); },
      [] { ::close(STDOUT_FILENO); });
  CHECK(outcome.exit_code > STDERR_FILENO);
}

TEST_CASE("files are private whatever the umask", "[cli]") {
  const Outcome outcome = outcome_of(
      {"work"}, [](Context&) { return static_cast<int>(::umask(0)); }, [] { ::umask(0); });
  CHECK(outcome.exit_code == 077);
}

TEST_CASE("a broken .env stops a command but not the help", "[cli]") {
  std::string folder = (std::filesystem::temp_directory_path() / "embedctl_run_XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/.env") << "canary\n";
  const auto go_there = [&] {
    if (::chdir(folder.c_str()) != 0)
      ::_exit(99);
  };
  const Outcome broken = outcome_of({"work"}, print_seven, go_there);
  CHECK(broken.exit_code == 2);
  CHECK_THAT(broken.err, ContainsSubstring("\".env\" line 1") && !ContainsSubstring("canary"));
  CHECK(outcome_of({"work", "--help"}, print_seven, go_there).exit_code == 0);
  CHECK_THAT(outcome_of({"--version"}, print_seven, go_there).out, StartsWith("embedctl "));
  std::filesystem::remove_all(folder);
}

TEST_CASE("the first signal asks to stop and decides the exit code", "[cli]") {
  CHECK(exit_code_after({SIGINT}, 0ms) == ExitCode::interrupted);
  CHECK(exit_code_after({SIGTERM}, 0ms) == ExitCode::terminated);
  CHECK(exit_code_after({SIGHUP}, 0ms) == ExitCode::terminated);
}

TEST_CASE("a second signal ends at once, but not one that came twice", "[cli]") {
  CHECK(exit_code_after({SIGINT, SIGTERM}, 300ms) == ExitCode::terminated);
  CHECK(exit_code_after({SIGTERM, SIGINT}, 300ms) == ExitCode::interrupted);
  const Outcome twice = outcome_of({"work"}, [](Context&) {
    ::raise(SIGTERM);
    ::raise(SIGTERM);
    return 77;
  });
  CHECK(twice.exit_code == 77);
}

TEST_CASE("SIGUSR1 shows how far the work is, even to the quiet", "[cli]") {
  const Outcome outcome = outcome_of({"work", "--quiet"}, [](Context& context) {
    context.progress.expect(Phase::write, {10, 0});
    context.progress.advance(Phase::write, {3, 0});
    ::raise(SIGUSR1);
    std::this_thread::sleep_for(500ms);
    return 0;
  });
  CHECK(outcome.exit_code == 0);
  CHECK_THAT(outcome.err, ContainsSubstring("  writing 3 of 10 rows (30%)"));
}

TEST_CASE("a signal that the parent ignored stays ignored", "[cli]") {
  const Outcome outcome = outcome_of(
      {"work"},
      [](Context& context) {
        ::raise(SIGHUP);
        return context.stop.requested() ? 1 : 0;
      },
      [] { ::signal(SIGHUP, SIG_IGN); });
  CHECK(outcome.exit_code == 0);
}

TEST_CASE("on a terminal there is one live line that fits the window, and it goes away", "[cli]") {
  int terminal = -1;
  winsize size{};
  size.ws_col = 30;
  flush_own_output();
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("TERM", "xterm", 1);
    ::setenv("NO_COLOR", "", 1);
    be_embedctl({"work"}, [](Context& context) {
      context.progress.expect(Phase::write, {1'000'000, 0});
      context.progress.advance(Phase::write, {1'000, 0});
      std::this_thread::sleep_for(500ms);
      throw Error(ErrorKind::io, "disk gone");
      return 0;
    });
  }
  const std::string seen = read_to_end(terminal);
  ::close(terminal);
  CHECK(exit_code_of(child) == 1);
  CHECK_THAT(seen, ContainsSubstring("\rwriting 0%\x1b[K"));
  CHECK_THAT(seen, ContainsSubstring("\r\x1b[Kembedctl: \x1b[1;31merror:\x1b[0m disk gone\r\n"));
}

TEST_CASE("NO_COLOR takes the colour and TERM=dumb the live line", "[cli]") {
  for (const bool dumb : {false, true}) {
    int terminal = -1;
    flush_own_output();
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    REQUIRE(child >= 0);
    if (child == 0) {
      ::setenv("TERM", dumb ? "dumb" : "xterm", 1);
      ::setenv("NO_COLOR", "1", 1);
      be_embedctl({"work"}, [](Context& context) {
        context.progress.expect(Phase::write, {10, 0});
        std::this_thread::sleep_for(500ms);
        throw Error(ErrorKind::io, "disk gone");
        return 0;
      });
    }
    const std::string seen = read_to_end(terminal);
    ::close(terminal);
    CHECK(exit_code_of(child) == 1);
    CHECK_THAT(seen, ContainsSubstring("embedctl: error: disk gone"));
    CHECK((seen.find("\x1b[K") == std::string::npos) == dumb);
  }
}
