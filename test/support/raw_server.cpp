#include "support/raw_server.hpp"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace embedctl::test {

namespace {

constexpr int k_tick_ms = 20;

bool readable(const Fd& fd) {
  pollfd waiting{fd.get(), POLLIN, 0};
  return ::poll(&waiting, 1, k_tick_ms) > 0;
}

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

} // namespace

bool RawConnection::wait_readable() const {
  while (!m_over)
    if (readable(m_fd))
      return true;
  return false;
}

std::string RawConnection::read_request() {
  std::string request = std::move(m_ahead);
  m_ahead.clear();
  for (;;) {
    if (const auto end = request.find("\r\n\r\n"); end != std::string::npos) {
      const std::size_t size = end + 4 + content_length(request.substr(0, end));
      if (request.size() >= size) {
        m_ahead = request.substr(size);
        return request.substr(0, size);
      }
    }
    char buffer[64 * 1024];
    if (!wait_readable())
      return {};
    const ssize_t got = ::recv(m_fd.get(), buffer, sizeof buffer, 0);
    if (got <= 0)
      return {};
    request.append(buffer, static_cast<std::size_t>(got));
  }
}

void RawConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::send(m_fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put <= 0)
      return;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void RawConnection::wait(std::chrono::milliseconds duration) const {
  const auto until = std::chrono::steady_clock::now() + duration;
  while (!m_over && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(k_tick_ms));
}

void RawConnection::reset() {
  const linger at_once{1, 0};
  ::setsockopt(m_fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  m_fd.close();
}

RawServer::RawServer(Handler handler)
    : m_handler(std::move(handler)), m_listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!m_listener || ::bind(m_listener.get(), generic, size) != 0
      || ::listen(m_listener.get(), 16) != 0
      || ::getsockname(m_listener.get(), generic, &size) != 0)
    throw std::runtime_error("cannot listen on the loopback address");
  m_port = ntohs(address.sin_port);
  m_acceptor = std::thread([this] { accept_all(); });
}

RawServer::~RawServer() {
  m_over = true;
  m_acceptor.join();
  for (std::thread& handler : m_handlers)
    handler.join();
}

void RawServer::accept_all() {
  while (!m_over) {
    if (!readable(m_listener))
      continue;
    Fd accepted(::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted)
      continue;
    ++m_connections;
    m_handlers.emplace_back([this, fd = std::move(accepted)]() mutable {
      RawConnection connection(std::move(fd), m_over);
      m_handler(connection);
    });
  }
}

} // namespace embedctl::test
