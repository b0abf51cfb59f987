// A library to preload into embedctl: it counts the operations by which the process touches disk
// and network, and strikes at one of them.
//
//   EMBEDCTL_STRIKE_HOW     see k_ways
//   EMBEDCTL_STRIKE_AT      the number of the operation, from 1 on; operations that cannot be
//   struck
//                           this way are not counted
//   EMBEDCTL_STRIKE_FOLDER  the power_* ways count what touches this folder's file system alone,
//   and
//                           cut its power
//   EMBEDCTL_STRIKE_LOG     gets "N name path" of the struck operation and, when the process ends
//   by
//                           itself, "total N"
//
// Counted are what makes, writes, syncs, renames, cuts or removes files and folders, and what sends
// or receives on sockets. Output and standard error are left alone, and so is a call that would
// only have to wait: whether there is one is chance, and it changes nothing.
#undef _FORTIFY_SOURCE // its inline functions would stand in for ours

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum class How {
  none,
  kill_before,
  kill_after,
  eio,
  enospc,
  enospc_on, // this and all later ones that need space
  short_,    // half of it is done, and said so
  torn,      // half of it is done, and the process is killed
  reset,     // the connection is
  power_before,
  power_after,
};

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

enum class Kind { make, write, sync, rename, remove, connect, send, receive, shut };

// What is about to be done: to an open file, or to a path from a folder on.
struct Operation {
  const char* name;
  Kind kind;
  int fd;
  const char* path = nullptr;
};

struct Plan {
  How how = How::none;
  long at = 0;
  int folder = -1;
  dev_t device = 0;
  int log = -1;
};

Plan g_plan;
std::atomic<long> g_count{0};

// The next function of this name, which is the real one.
template <typename Function>
Function next(const char* name) {
  void* found = ::dlsym(RTLD_NEXT, name);
  if (found == nullptr)
    std::abort();
  Function function = nullptr;
  static_assert(sizeof function == sizeof found);
  std::memcpy(&function, &found, sizeof found);
  return function;
}

[[noreturn]] void die() {
  ::syscall(SYS_kill, ::getpid(), SIGKILL);
  for (;;)
    ::pause();
}

// What is not synced by now is gone: nothing more reaches the disk, not even the journal.
void cut_power() {
  const unsigned long shutdown_request = _IOR('X', 125, std::uint32_t); // EXT4_IOC_SHUTDOWN
  std::uint32_t no_log_flush = 2;
  if (::ioctl(g_plan.folder, shutdown_request, &no_log_flush) != 0)
    std::abort();
}

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

bool is_struck(const Operation& operation) {
  if (!can_strike(operation))
    return false;
  const int saved_errno = errno;
  const long number = ++g_count;
  const bool struck =
      number == g_plan.at || (g_plan.how == How::enospc_on && number > g_plan.at && g_plan.at > 0);
  if (number == g_plan.at)
    tell(operation, number);
  errno = saved_errno;
  return struck;
}

// Closes the connection, with a reset where there is such a thing, and leaves in its place a socket
// that never was connected.
void reset_connection(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const int flags = ::fcntl(fd, F_GETFL);
  const int blank = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (flags & O_NONBLOCK), 0);
  ::dup3(blank, fd, O_CLOEXEC);
  ::syscall(SYS_close, blank);
}

// Does the operation, or what is to happen to it. `half` does half of it.
template <typename Do, typename Half>
auto perform(const Operation& operation, Do whole, Half half) -> decltype(whole()) {
  if (!is_struck(operation))
    return whole();
  switch (g_plan.how) {
  case How::kill_before:
    die();
  case How::kill_after:
    whole();
    die();
  case How::power_before:
    cut_power();
    die();
  case How::power_after:
    whole();
    cut_power();
    die();
  case How::short_:
    return half();
  case How::torn:
    half();
    die();
  case How::reset:
    if (operation.kind != Kind::connect)
      reset_connection(operation.fd);
    errno = operation.kind == Kind::connect ? ECONNREFUSED : ECONNRESET;
    return -1;
  case How::eio:
    errno = EIO;
    return -1;
  case How::none:
  case How::enospc:
  case How::enospc_on:
    break;
  }
  errno = ENOSPC;
  return -1;
}

template <typename Do>
auto perform(const Operation& operation, Do whole) -> decltype(whole()) {
  return perform(operation, whole, whole);
}

bool is_output(int fd) {
  return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

mode_t type_of(int fd) {
  struct stat status {};
  const int saved_errno = errno;
  const bool known = !is_output(fd) && ::fstat(fd, &status) == 0;
  errno = saved_errno;
  return known ? status.st_mode & S_IFMT : 0;
}

bool is_file(int fd) {
  const mode_t type = type_of(fd);
  return type == S_IFREG || type == S_IFDIR;
}

bool would_wait(int fd, short what) {
  pollfd waiting{fd, what, 0};
  const int saved_errno = errno;
  const bool would = ::poll(&waiting, 1, 0) == 0;
  errno = saved_errno;
  return would;
}

std::size_t half_of(std::size_t size) {
  return size > 1 ? size / 2 : size;
}

// Writing to a file, sending on a socket, or what is not ours to count.
template <typename Do, typename Half>
ssize_t put(const char* name, int fd, Do whole, Half half) {
  const mode_t type = type_of(fd);
  if (type == S_IFREG)
    return perform({name, Kind::write, fd}, whole, half);
  if (type == S_IFSOCK && !would_wait(fd, POLLOUT))
    return perform({name, Kind::send, fd}, whole, half);
  return whole();
}

template <typename Do, typename Half>
ssize_t get(const char* name, int fd, Do whole, Half half) {
  if (type_of(fd) == S_IFSOCK && !would_wait(fd, POLLIN))
    return perform({name, Kind::receive, fd}, whole, half);
  return whole();
}

// The first half of the first piece.
iovec half_of(const iovec* pieces) {
  return {pieces[0].iov_base, half_of(pieces[0].iov_len)};
}

template <typename Do>
int opened(const char* name, int folder, const char* path, int flags, Do whole) {
  if ((flags & O_CREAT) == 0)
    return whole();
  return perform({name, Kind::make, folder, path}, whole);
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

// The mode of an open that has one.
mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

} // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, mode_t)>("open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("open", AT_FDCWD, path, flags, [&] { return real(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, mode_t)>("open64");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("open", AT_FDCWD, path, flags, [&] { return real(path, flags, mode); });
}

int openat(int folder, const char* path, int flags, ...) {
  static const auto real = next<int (*)(int, const char*, int, mode_t)>("openat");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("openat", folder, path, flags, [&] { return real(folder, path, flags, mode); });
}

int openat64(int folder, const char* path, int flags, ...) {
  static const auto real = next<int (*)(int, const char*, int, mode_t)>("openat64");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return opened("openat", folder, path, flags, [&] { return real(folder, path, flags, mode); });
}

int creat(const char* path, mode_t mode) {
  static const auto real = next<int (*)(const char*, mode_t)>("creat");
  return opened("creat", AT_FDCWD, path, O_CREAT, [&] { return real(path, mode); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
  return perform({"mkdir", Kind::make, AT_FDCWD, path}, [&] { return real(path, mode); });
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
  return put(
      "write", fd, [&] { return real(fd, bytes, size); },
      [&] { return real(fd, bytes, half_of(size)); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return put(
      "pwrite", fd, [&] { return real(fd, bytes, size, offset); },
      [&] { return real(fd, bytes, half_of(size), offset); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return put(
      "pwrite", fd, [&] { return real(fd, bytes, size, offset); },
      [&] { return real(fd, bytes, half_of(size), offset); });
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  const auto half = [&] {
    const iovec piece = half_of(pieces);
    return real(fd, &piece, 1);
  };
  return put(
      "writev", fd, [&] { return real(fd, pieces, count); }, half);
}

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return is_file(fd) ? perform({"fsync", Kind::sync, fd}, [&] { return real(fd); }) : real(fd);
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return is_file(fd) ? perform({"fdatasync", Kind::sync, fd}, [&] { return real(fd); }) : real(fd);
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = next<int (*)(int, off_t)>("ftruncate");
  return is_file(fd) ? perform({"ftruncate", Kind::remove, fd}, [&] { return real(fd, size); })
                     : real(fd, size);
}

int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return is_file(fd) ? perform({"ftruncate", Kind::remove, fd}, [&] { return real(fd, size); })
                     : real(fd, size);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  return perform({"rename", Kind::rename, AT_FDCWD, to}, [&] { return real(from, to); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  static const auto real = next<int (*)(int, const char*, int, const char*)>("renameat");
  return perform({"renameat", Kind::rename, to_folder, to}, [&] {
    return real(from_folder, from, to_folder, to);
  });
}

int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  return perform({"unlink", Kind::remove, AT_FDCWD, path}, [&] { return real(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  static const auto real = next<int (*)(int, const char*, int)>("unlinkat");
  return perform(
      {"unlinkat", Kind::remove, folder, path}, [&] { return real(folder, path, flags); });
}

int remove(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("remove");
  return perform({"remove", Kind::remove, AT_FDCWD, path}, [&] { return real(path); });
}

int rmdir(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("rmdir");
  return perform({"rmdir", Kind::remove, AT_FDCWD, path}, [&] { return real(path); });
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("connect");
  return perform({"connect", Kind::connect, fd}, [&] { return real(fd, address, size); });
}

int shutdown(int fd, int how) noexcept {
  static const auto real = next<int (*)(int, int)>("shutdown");
  return perform({"shutdown", Kind::shut, fd}, [&] { return real(fd, how); });
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, int)>("send");
  return put(
      "send", fd, [&] { return real(fd, bytes, size, flags); },
      [&] { return real(fd, bytes, half_of(size), flags); });
}

ssize_t
sendto(int fd, const void* bytes, size_t size, int flags, const sockaddr* to, socklen_t to_size) {
  static const auto real =
      next<ssize_t (*)(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  return put(
      "sendto", fd, [&] { return real(fd, bytes, size, flags, to, to_size); },
      [&] { return real(fd, bytes, half_of(size), flags, to, to_size); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, const msghdr*, int)>("sendmsg");
  const auto half = [&] {
    iovec piece = half_of(message->msg_iov);
    msghdr shorter = *message;
    shorter.msg_iov = &piece;
    shorter.msg_iovlen = 1;
    return real(fd, &shorter, flags);
  };
  return put(
      "sendmsg", fd, [&] { return real(fd, message, flags); }, half);
}

ssize_t read(int fd, void* bytes, size_t size) {
  static const auto real = next<ssize_t (*)(int, void*, size_t)>("read");
  return get(
      "read", fd, [&] { return real(fd, bytes, size); },
      [&] { return real(fd, bytes, half_of(size)); });
}

ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, int)>("recv");
  return get(
      "recv", fd, [&] { return real(fd, bytes, size, flags); },
      [&] { return real(fd, bytes, half_of(size), flags); });
}

ssize_t
recvfrom(int fd, void* bytes, size_t size, int flags, sockaddr* from, socklen_t* from_size) {
  static const auto real =
      next<ssize_t (*)(int, void*, size_t, int, sockaddr*, socklen_t*)>("recvfrom");
  return get(
      "recvfrom", fd, [&] { return real(fd, bytes, size, flags, from, from_size); },
      [&] { return real(fd, bytes, half_of(size), flags, from, from_size); });
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto real = next<ssize_t (*)(int, msghdr*, int)>("recvmsg");
  const auto half = [&] {
    iovec piece = half_of(message->msg_iov);
    msghdr shorter = *message;
    shorter.msg_iov = &piece;
    shorter.msg_iovlen = 1;
    const ssize_t got = real(fd, &shorter, flags);
    shorter.msg_iov = message->msg_iov;
    shorter.msg_iovlen = message->msg_iovlen;
    *message = shorter;
    return got;
  };
  return get(
      "recvmsg", fd, [&] { return real(fd, message, flags); }, half);
}

} // extern "C"
