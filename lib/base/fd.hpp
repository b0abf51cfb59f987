#pragma once

#include <utility>

#include <unistd.h>

namespace embedctl {

// Owns a file descriptor.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : m_fd(fd) {}
  Fd(Fd&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      close();
      m_fd = std::exchange(other.m_fd, -1);
    }
    return *this;
  }
  ~Fd() { close(); }

  int get() const { return m_fd; }
  explicit operator bool() const { return m_fd >= 0; }

  void close() {
    if (m_fd >= 0)
      ::close(std::exchange(m_fd, -1));
  }

private:
  int m_fd = -1;
};

} // namespace embedctl
