#pragma once

namespace embedctl::sandbox {

// Shuts down the server's end of the connection between these two loopback ports, so that the peer
// receives no more bytes. The HTTP library cannot do this.
void drop_connection(int server_port, int client_port);

// All connections accepted on this port.
void drop_connections(int server_port);

} // namespace embedctl::sandbox
