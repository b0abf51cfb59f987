#pragma once

#include "base/fd.hpp"

#include <atomic>
#include <string>
#include <thread>

namespace embedctl::pg {

// Stands between a client and the server of `url`, and breaks the connection when the answer to
// COMMIT comes: the server has committed, and the client does not know. Does so `times` times.
// Speaks over Unix sockets only, as the private test server does.
class LossyProxy {
public:
  static bool can_reach(const std::string& url);

  LossyProxy(const std::string& url, int times);
  ~LossyProxy();
  LossyProxy(const LossyProxy&) = delete;
  LossyProxy& operator=(const LossyProxy&) = delete;

  // The URL with the proxy in place of the server.
  const std::string& url() const { return m_url; }

  int swallowed() const { return m_swallowed; }

private:
  void serve();
  void attend(int client);
  void relay(int client, int server);

  std::string m_folder;
  std::string m_server_socket;
  std::string m_url;
  Fd m_listener;
  int m_times;
  std::atomic<int> m_swallowed{0};
  std::atomic<bool> m_stop{false};
  std::thread m_thread;
};

} // namespace embedctl::pg
