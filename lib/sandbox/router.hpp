#pragma once

#include "base/stop.hpp"
#include "sandbox/faults.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <httplib.h>

namespace embedctl::sandbox {

// One call and its response.
struct Exchange {
  const httplib::Request& request;
  httplib::Response& response;
  const httplib::ContentReader* multipart = nullptr; // a multipart body, for the handler to read
  std::string body = {};                             // any other
  std::vector<FaultRule> faults = {};                // those that happen to this call

  // What stands for {id} in the endpoint.
  std::string id() const { return request.matches[1].str(); }

  // nullptr if it does not happen.
  const FaultRule* fault(FaultAction action) const;

  void answer(const std::string& json, int status = 200);
};

// Throws ApiError for a value that is not a number from `least` to `most`.
std::int64_t query_number(
    const Exchange& exchange,
    const char* name,
    std::int64_t least,
    std::int64_t most,
    std::int64_t otherwise);

// Common to every call: counting, faults, the key, request ids and errors in the provider's format.
// Endpoints are named "GET /v1/files/{id}"; those under /_sandbox/ need no key and have no faults.
class Router {
public:
  using Handler = std::function<void(Exchange&)>;

  Router(httplib::Server& server, FaultPlan& faults, std::string api_key, const StopFlag& stop);

  void add(const std::string& endpoint, Handler handler);

  // Responds 404 to anything not added before.
  void refuse_the_rest();

  // {"calls": {endpoint: count}}
  std::string calls_json() const;

private:
  using Call = std::function<void(
      const httplib::Request&, httplib::Response&, const httplib::ContentReader*)>;

  void handle(
      const std::string& endpoint,
      const Handler& handler,
      Exchange& exchange,
      const httplib::ContentReader* reader);
  void handle_public(const std::string& endpoint, const Handler& handler, Exchange& exchange);
  void check_headers(const httplib::Request& request) const;

  httplib::Server& m_server;
  FaultPlan& m_faults;
  const std::string m_api_key;
  const StopFlag& m_stop;
  mutable std::mutex m_mutex;
  std::map<std::string, std::uint64_t> m_calls;
};

} // namespace embedctl::sandbox
