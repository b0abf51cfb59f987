#pragma once

#include "base/fd.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace embedctl::test {

// One connection of RawServer, closed when its handler returns.
class RawConnection {
public:
  RawConnection(Fd fd, const std::atomic<bool>& over) : m_fd(std::move(fd)), m_over(over) {}

  // One request: its head and as much body as Content-Length says; empty when the peer is gone.
  std::string read_request();

  void write(std::string_view bytes);

  // Leaves the peer alone, until the test is over at the latest.
  void wait(std::chrono::milliseconds duration) const;

  // Closes with RST rather than FIN.
  void reset();

private:
  bool wait_readable() const;

  Fd m_fd;
  const std::atomic<bool>& m_over;
  std::string m_ahead;
};

// A server on the loopback address that answers byte by byte what its handler writes, for
// behaviour that no proper HTTP server shows. A handler runs for each connection, on a thread.
class RawServer {
public:
  using Handler = std::function<void(RawConnection&)>;

  explicit RawServer(Handler handler);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(m_port); }
  int connections() const { return m_connections; }

private:
  void accept_all();

  Handler m_handler;
  Fd m_listener;
  int m_port = 0;
  std::atomic<int> m_connections{0};
  std::atomic<bool> m_over{false};
  std::list<std::thread> m_handlers; // touched by the acceptor, and after its end
  std::thread m_acceptor;
};

} // namespace embedctl::test
