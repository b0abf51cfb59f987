#pragma once

#include "torture/interpose/strike.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>

namespace embedctl::interpose {

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

// Does the operation, or what is to happen to it. `half` does half of it.
template <typename Do, typename Half>
auto perform(const Operation& operation, Do whole, Half half) -> decltype(whole()) {
  switch (blow_to(operation)) {
  case How::none:
    return whole();
  case How::kill_before:
    die();
  case How::kill_after:
    whole();
    die();
  case How::power_before:
    cut_power();
  case How::power_after:
    whole();
    cut_power();
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

inline bool is_file(int fd) {
  const mode_t type = type_of(fd);
  return type == S_IFREG || type == S_IFDIR;
}

inline std::size_t half_of(std::size_t size) {
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
inline iovec half_of(const iovec* pieces) {
  return {pieces[0].iov_base, half_of(pieces[0].iov_len)};
}

template <typename Do>
int opened(const char* name, int folder, const char* path, int flags, Do whole) {
  if ((flags & O_CREAT) == 0)
    return whole();
  return perform({name, Kind::make, folder, path}, whole);
}

} // namespace embedctl::interpose
