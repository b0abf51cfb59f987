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

  // Name, TCP and TLS together.
  std::chrono::milliseconds connect_timeout{15'000};

  // How long a transfer may stand still, or nearly so.
  std::chrono::milliseconds stall_timeout{60'000};

  // The whole of an exchange that moves no file.
  std::chrono::milliseconds exchange_timeout{300'000};
};

// libcurl. Connections are kept and used again, HTTP/2 where TLS offers it. The proxy variables of
// the environment hold, but not for loopback addresses. A stop aborts a running exchange within a
// second or so.
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
