#include "cli/signals.hpp"

#include "cli/exit_code.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

#include <unistd.h>

namespace embedctl::cli {

namespace {

// One request to stop may arrive twice: timeout(1), for one, signals its child and then the whole
// process group. A person needs longer than this for the second Ctrl-C.
constexpr std::int64_t k_same_request_ns = 200'000'000;

std::atomic<StopFlag*> g_stop{nullptr};
std::atomic<std::int64_t> g_first_at{0};
std::atomic<bool> g_report_wanted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
static_assert(std::atomic<StopFlag*>::is_always_lock_free);
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

// std::chrono promises nothing about signal handlers; clock_gettime is allowed there.
std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_stop_signal(int signal) {
  const std::int64_t now = monotonic_ns();
  std::int64_t first_at = 0;
  if (g_first_at.compare_exchange_strong(first_at, now)) {
    if (StopFlag* const stop = g_stop.load())
      stop->request(signal == SIGINT ? SIGINT : SIGTERM);
  } else if (now - first_at > k_same_request_ns) {
    ::_exit(signal == SIGINT ? ExitCode::interrupted : ExitCode::terminated);
  }
}

void on_report_signal(int) {
  g_report_wanted.store(true);
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction old {};
  ::sigaction(signal, nullptr, &old);
  if (old.sa_handler == SIG_IGN)
    return;
  struct sigaction action {};
  action.sa_handler = handler;
  // Restarted, because every long wait of ours watches the flag's pipe instead.
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

} // namespace

SignalHandlers::SignalHandlers(StopFlag& stop) {
  g_stop.store(&stop);
  g_first_at.store(0);
  handle(SIGINT, on_stop_signal);
  handle(SIGTERM, on_stop_signal);
  handle(SIGHUP, on_stop_signal);
  handle(SIGUSR1, on_report_signal);
  handle(SIGPIPE, SIG_IGN);
}

SignalHandlers::~SignalHandlers() {
  g_stop.store(nullptr);
}

bool SignalHandlers::take_report_request() const {
  return g_report_wanted.exchange(false);
}

} // namespace embedctl::cli
