// The functions of libc that stand before the real ones.
#undef _FORTIFY_SOURCE // its inline functions would stand in for ours

#include "torture/interpose/perform.hpp"

#include <cstdarg>
#include <cstdio>

#include <sys/socket.h>
#include <unistd.h>

using namespace embedctl::interpose;

namespace {

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
