#pragma once

#include "base/stop.hpp"
#include "core/http_transport.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace embedctl::http {

struct TransportOptions {
  std::filesystem::path ca_file; // instead of the system's certificates
  std::string user_agent = "embedctl";

  // Name lookup, TCP and TLS together.
  std::chrono::milliseconds connect_timeout{15'000};

  // How long a transfer may stall or nearly stall.
  std::chrono::milliseconds stall_timeout{60'000};

  // The total time of a request that transfers no file.
  std::chrono::milliseconds exchange_timeout{300'000};
};

// libcurl. Connections are reused; HTTP/2 where TLS offers it. Proxy environment variables apply,
// except for loopback addresses. A stop request aborts a running request within about a second.
class CurlTransport : public HttpTransport {
public:
  CurlTransport(const StopFlag& stop, TransportOptions options);
  ~CurlTransport() override;

  HttpResponse perform(const HttpRequest& request) override;

private:
  class Pool;

  const StopFlag& m_stop;
  TransportOptions m_options;
  std::unique_ptr<Pool> m_pool;
};

} // namespace embedctl::http
