#pragma once

namespace embedctl::sandbox {

// Shuts the server's end of the connection between these two ports of the loopback address, so that
// its peer gets no further byte. The HTTP library has no call for that.
void drop_connection(int server_port, int client_port);

// All connections that were accepted on this port.
void drop_connections(int server_port);

} // namespace embedctl::sandbox
