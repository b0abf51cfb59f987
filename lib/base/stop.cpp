#include "base/stop.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <poll.h>

namespace embedctl {

namespace {

std::string message_for(int signal) {
  return signal == SIGINT ? "interrupted" : "interrupted by SIGTERM";
}

} // namespace

StopFlag::StopFlag() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error(ErrorKind::io, "cannot make a pipe");
  m_read_end = Fd(ends[0]);
  m_write_end = Fd(ends[1]);
}

void StopFlag::request(int signal) noexcept {
  const int saved_errno = errno;
  m_signal.store(signal);
  // The byte is never read, so from now on every wait returns at once.
  [[maybe_unused]] const auto ignored = ::write(m_write_end.get(), "", 1);
  errno = saved_errno;
}

void StopFlag::throw_if_requested() const {
  if (requested())
    throw Error(ErrorKind::interrupted, message_for(signal()));
}

void StopFlag::wait_for(std::chrono::milliseconds duration) const {
  const auto until = std::chrono::steady_clock::now() + duration;
  while (!requested()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return;
    pollfd waiting{m_read_end.get(), POLLIN, 0};
    constexpr long long k_longest_poll = 60'000;
    ::poll(&waiting, 1, static_cast<int>(std::min<long long>(left.count() + 1, k_longest_poll)));
  }
}

void StopFlag::wait_readable(int fd, std::chrono::milliseconds duration) const {
  std::array<pollfd, 2> waiting{{{fd, POLLIN, 0}, {m_read_end.get(), POLLIN, 0}}};
  ::poll(waiting.data(), waiting.size(), static_cast<int>(duration.count()));
}

} // namespace embedctl
