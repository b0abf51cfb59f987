#pragma once

#include "core/http_transport.hpp"

#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace embedctl::test {

// Answers requests from a script, in order; a request beyond its end is a mistake of the test.
class FakeTransport : public HttpTransport {
public:
  using Step = std::function<HttpResponse(const HttpRequest&)>;

  HttpResponse perform(const HttpRequest& request) override {
    requests.push_back(request);
    if (m_script.empty())
      throw Error(ErrorKind::internal, "the script has no answer to " + request.url);
    const Step step = std::move(m_script.front());
    m_script.pop_front();
    return step(request);
  }

  FakeTransport& answer(int status, std::string body = {}, HttpHeaders headers = {}) {
    return then([=](const HttpRequest&) { return HttpResponse{status, headers, body}; });
  }

  FakeTransport& fail(std::string message, bool maybe_delivered) {
    return then([=](const HttpRequest&) -> HttpResponse {
      throw TransportError(message, maybe_delivered);
    });
  }

  FakeTransport& then(Step step) {
    m_script.push_back(std::move(step));
    return *this;
  }

  bool is_done() const { return m_script.empty(); }

  std::vector<HttpRequest> requests;

private:
  std::deque<Step> m_script;
};

} // namespace embedctl::test
