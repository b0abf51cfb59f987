#include "torture/interpose/strike.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace embedctl::interpose {

namespace {

constexpr std::array<std::pair<std::string_view, How>, 10> k_ways = {
    {{"kill_before", How::kill_before},
     {"kill_after", How::kill_after},
     {"eio", How::eio},
     {"enospc", How::enospc},
     {"enospc_on", How::enospc_on},
     {"short", How::short_},
     {"torn", How::torn},
     {"reset", How::reset},
     {"power_before", How::power_before},
     {"power_after", How::power_after}}};

struct Plan {
  How how = How::none;
  long at = 0;
  int folder = -1;
  dev_t device = 0;
  int log = -1;
};

Plan g_plan;
std::atomic<long> g_count{0};

void say(const char* text) {
  ::syscall(SYS_write, g_plan.log, text, std::strlen(text));
}

void tell(const Operation& operation, long number) {
  if (g_plan.log < 0)
    return;
  std::array<char, PATH_MAX> path{};
  if (operation.path != nullptr) {
    std::snprintf(path.data(), path.size(), "%s", operation.path);
  } else {
    std::array<char, 64> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", operation.fd);
    if (::readlink(link.data(), path.data(), path.size() - 1) < 0)
      path[0] = '?';
  }
  std::array<char, PATH_MAX + 64> line{};
  std::snprintf(line.data(), line.size(), "%ld %s %s\n", number, operation.name, path.data());
  say(line.data());
}

bool is_network(Kind kind) {
  return kind == Kind::connect || kind == Kind::send || kind == Kind::receive || kind == Kind::shut;
}

// Whether the operation is on the file system whose power is to be cut: of the file, or of the
// folder that has or gets the name.
bool on_device(const Operation& operation) {
  struct stat status {};
  if (operation.path == nullptr)
    return ::fstat(operation.fd, &status) == 0 && status.st_dev == g_plan.device;
  std::array<char, PATH_MAX> folder{};
  std::snprintf(folder.data(), folder.size(), "%s", operation.path);
  char* slash = std::strrchr(folder.data(), '/');
  if (slash == nullptr)
    std::strcpy(folder.data(), ".");
  else if (slash != folder.data())
    *slash = '\0';
  return ::fstatat(operation.fd, folder.data(), &status, 0) == 0 && status.st_dev == g_plan.device;
}

bool can_strike(const Operation& operation) {
  const Kind kind = operation.kind;
  switch (g_plan.how) {
  case How::none:
    return false;
  case How::kill_before:
  case How::kill_after:
    return true;
  case How::eio:
    return !is_network(kind);
  case How::enospc:
  case How::enospc_on:
    return kind == Kind::make || kind == Kind::write || kind == Kind::sync || kind == Kind::rename;
  case How::short_:
    return kind == Kind::write || kind == Kind::send || kind == Kind::receive;
  case How::torn:
    return kind == Kind::write || kind == Kind::send;
  case How::reset:
    return kind == Kind::connect || kind == Kind::send || kind == Kind::receive;
  case How::power_before:
  case How::power_after:
    return !is_network(kind) && on_device(operation);
  }
  return false;
}

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

__attribute__((constructor)) void begin() {
  const std::string_view how = variable("EMBEDCTL_STRIKE_HOW");
  for (const auto& [name, way] : k_ways)
    if (name == how)
      g_plan.how = way;
  const std::string_view at = variable("EMBEDCTL_STRIKE_AT");
  std::from_chars(at.data(), at.data() + at.size(), g_plan.at);
  if (const char* log = variable("EMBEDCTL_STRIKE_LOG"); *log != '\0')
    g_plan.log = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (const char* folder = variable("EMBEDCTL_STRIKE_FOLDER"); *folder != '\0') {
    g_plan.folder = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (::fstat(g_plan.folder, &status) == 0)
      g_plan.device = status.st_dev;
  }
}

__attribute__((destructor)) void end() {
  std::array<char, 64> line{};
  std::snprintf(line.data(), line.size(), "total %ld\n", g_count.load());
  if (g_plan.log >= 0)
    say(line.data());
}

bool is_output(int fd) {
  return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

} // namespace

How blow_to(const Operation& operation) {
  if (!can_strike(operation))
    return How::none;
  const int saved_errno = errno;
  const long number = ++g_count;
  if (number == g_plan.at)
    tell(operation, number);
  errno = saved_errno;
  const bool struck =
      number == g_plan.at || (g_plan.how == How::enospc_on && number > g_plan.at && g_plan.at > 0);
  return struck ? g_plan.how : How::none;
}

void die() {
  ::syscall(SYS_kill, ::getpid(), SIGKILL);
  for (;;)
    ::pause();
}

void cut_power() {
  const unsigned long shutdown_request = _IOR('X', 125, std::uint32_t); // EXT4_IOC_SHUTDOWN
  std::uint32_t no_log_flush = 2;
  if (::ioctl(g_plan.folder, shutdown_request, &no_log_flush) != 0)
    std::abort();
  die();
}

void reset_connection(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const int flags = ::fcntl(fd, F_GETFL);
  const int blank = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (flags & O_NONBLOCK), 0);
  ::dup3(blank, fd, O_CLOEXEC);
  ::syscall(SYS_close, blank);
}

bool would_wait(int fd, short event) {
  pollfd waiting{fd, event, 0};
  const int saved_errno = errno;
  const bool would = ::poll(&waiting, 1, 0) == 0;
  errno = saved_errno;
  return would;
}

mode_t type_of(int fd) {
  struct stat status {};
  const int saved_errno = errno;
  const bool known = !is_output(fd) && ::fstat(fd, &status) == 0;
  errno = saved_errno;
  return known ? status.st_mode & S_IFMT : 0;
}

} // namespace embedctl::interpose
