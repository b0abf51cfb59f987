#include "sandbox/connections.hpp"

#include <algorithm>
#include <functional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace embedctl::sandbox {

namespace {

using GetName = int (*)(int, sockaddr*, socklen_t*);

// 0 if the descriptor is no IPv4 socket, or has no such end.
int port_of(int fd, GetName get_name) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  // The C interface of sockets takes every address by this one type.
  if (get_name(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0
      || address.sin_family != AF_INET)
    return 0;
  return ntohs(address.sin_port);
}

// Asks every number that a descriptor can have: /proc, which lists them, is not mounted everywhere.
void shut_where(const std::function<bool(int server_port, int client_port)>& wanted) {
  constexpr int k_most_descriptors = 65'536;
  const int end = std::min(::getdtablesize(), k_most_descriptors);
  for (int fd = 0; fd < end; ++fd) {
    const int client_port = port_of(fd, ::getpeername);
    if (client_port != 0 && wanted(port_of(fd, ::getsockname), client_port))
      ::shutdown(fd, SHUT_RDWR);
  }
}

} // namespace

void drop_connection(int server_port, int client_port) {
  shut_where(
      [&](int server, int client) { return server == server_port && client == client_port; });
}

void drop_connections(int server_port) {
  shut_where([&](int server, int) { return server == server_port; });
}

} // namespace embedctl::sandbox
