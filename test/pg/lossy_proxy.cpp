#include "pg/lossy_proxy.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace embedctl::pg {

namespace {

constexpr int k_tick_ms = 20;

std::string server_socket(const std::string& url) {
  PGconn* connection = PQconnectdb(url.c_str());
  const std::string path = fmt::format("{}/.s.PGSQL.{}", PQhost(connection), PQport(connection));
  PQfinish(connection);
  return path;
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("the socket's path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool forward(int from, int to, std::string& seen) {
  std::array<char, 65536> buffer{};
  const ssize_t size = read(from, buffer.data(), buffer.size());
  if (size <= 0)
    return false;
  seen.assign(buffer.data(), static_cast<std::size_t>(size));
  for (ssize_t sent = 0; sent < size;) {
    const ssize_t more =
        send(to, buffer.data() + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
    if (more < 0)
      return false;
    sent += more;
  }
  return true;
}

bool readable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return poll(&poll_fd, 1, k_tick_ms) > 0;
}

} // namespace

bool LossyProxy::can_reach(const std::string& url) {
  return server_socket(url).starts_with('/');
}

LossyProxy::LossyProxy(const std::string& url, int times)
    : m_server_socket(server_socket(url)), m_times(times) {
  m_folder = "/tmp/embedctl-lossy-XXXXXX";
  if (mkdtemp(m_folder.data()) == nullptr)
    throw std::runtime_error("no temporary folder for the proxy");
  m_url = fmt::format("{} host='{}' port=5432", url, m_folder);
  m_listener = Fd(socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = address_of(m_folder + "/.s.PGSQL.5432");
  if (bind(m_listener.get(), generic(address), sizeof address) != 0
      || listen(m_listener.get(), 8) != 0)
    throw std::runtime_error("the proxy cannot listen");
  m_thread = std::thread([this] { serve(); });
}

LossyProxy::~LossyProxy() {
  m_stop = true;
  m_thread.join();
  std::error_code ignored;
  std::filesystem::remove_all(m_folder, ignored);
}

void LossyProxy::serve() {
  std::vector<std::thread> clients;
  while (!m_stop)
    if (readable(m_listener.get()))
      clients.emplace_back([this, client = Fd(accept(m_listener.get(), nullptr, nullptr))] {
        attend(client.get());
      });
  for (std::thread& client : clients)
    client.join();
}

void LossyProxy::attend(int client) {
  const Fd server(socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = address_of(m_server_socket);
  if (connect(server.get(), generic(address), sizeof address) == 0)
    relay(client, server.get());
}

void LossyProxy::relay(int client, int server) {
  constexpr std::string_view k_commit(
      "Q\0\0\0\x0b"
      "COMMIT\0",
      12);
  std::string seen;
  while (!m_stop) {
    std::array<pollfd, 2> fds = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    poll(fds.data(), fds.size(), k_tick_ms);
    if (fds[0].revents != 0) {
      if (!forward(client, server, seen))
        return;
      if (seen == k_commit && m_swallowed < m_times) {
        while (!m_stop && !readable(server)) // the answer: the transaction is committed
          ;
        ++m_swallowed;
        return;
      }
    }
    if (fds[1].revents != 0 && !forward(server, client, seen))
      return;
  }
}

} // namespace embedctl::pg
