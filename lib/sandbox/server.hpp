#pragma once

#include "sandbox/options.hpp"

#include <memory>
#include <string>

namespace embedctl::sandbox {

// A Batch API provider on the loopback address, for trying out, for users' CI and for tests. Its
// state is in the data folder; a server started there resumes it.
class Server {
public:
  // Loads the data folder. Throws Error for options that make no sense.
  explicit Server(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listening when it returns. Throws Error{io} if the port is taken.
  void start();

  // Closes every connection, even in the middle of a response. Does nothing if stopped.
  void stop();

  // Known after start().
  int port() const;
  std::string base_url() const; // http://127.0.0.1:PORT/v1

private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

} // namespace embedctl::sandbox
