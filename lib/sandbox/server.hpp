#pragma once

#include "sandbox/options.hpp"

#include <memory>
#include <string>

namespace embedctl::sandbox {

// A provider of the Batch API on the loopback address, for trying out, for users' own CI and for
// tests. Its state is in the data folder: a server that starts there goes on with it.
class Server {
public:
  // Reads what is in the data folder. Throws Error for options that make no sense.
  explicit Server(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens when it returns. Throws Error{io} if the port is taken.
  void start();

  // Closes every connection, in the middle of an answer if need be. Does nothing if stopped.
  void stop();

  // Known after start().
  int port() const;
  std::string base_url() const; // http://127.0.0.1:PORT/v1

private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

} // namespace embedctl::sandbox
