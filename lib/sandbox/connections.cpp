#include "sandbox/connections.hpp"

#include <charconv>
#include <filesystem>
#include <functional>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

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

void shut_where(const std::function<bool(int server_port, int client_port)>& wanted) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
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
