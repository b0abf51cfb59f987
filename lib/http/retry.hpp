#pragma once

#include "core/clock.hpp"
#include "core/http_transport.hpp"
#include "core/progress_sink.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace embedctl::http {

struct RetryOptions {
  // From the first failure in a row to the start of the last attempt.
  std::chrono::milliseconds timeout = std::chrono::minutes(15);

  // Waits double from the first to the longest, each shortened by up to a quarter at random.
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds longest_wait = std::chrono::seconds(30);
};

// What a response means for its call.
enum class Verdict {
  final,    // a success, or a refusal that another attempt would not change
  again,    // it was not done, and another attempt may fare better
  in_doubt, // it may have been done
};

// By status and `x-should-retry`. A call that is not repeatable is in doubt after 5xx, and after
// 408, which some gateways return when their upstream is slow.
Verdict judge(const HttpResponse& answer, bool repeatable);

// How long the server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date.
std::optional<std::chrono::milliseconds>
asked_wait(const HttpResponse& answer, std::int64_t now_unix_seconds);

struct Call {
  std::string what;                     // goes on from "cannot ", names the thing
  std::function<HttpRequest()> request; // asked anew for each attempt
  bool repeatable = true;               // doing it twice does no harm

  // http::judge if not set.
  std::function<Verdict(const HttpResponse&)> judge;
};

// The only retry loop. Thread-safe.
class RetryPolicy {
public:
  RetryPolicy(HttpTransport& transport, Clock& clock, ProgressSink& progress, RetryOptions options)
      : m_transport(transport), m_clock(clock), m_progress(progress), m_options(options) {}

  // Returns the first final response. Throws Error{unreachable} listing all attempts when time is
  // up, and at once with `in_doubt` set if the call is not repeatable and may have taken effect. A
  // download that made progress resets the failure count and timeout. Notes every wait.
  HttpResponse perform(const Call& call);

private:
  class Failures;

  std::optional<HttpResponse>
  attempt(const Call& call, const HttpRequest& request, Failures& failures);
  void wait_after(const Call& call, const Failures& failures);

  HttpTransport& m_transport;
  Clock& m_clock;
  ProgressSink& m_progress;
  RetryOptions m_options;
};

} // namespace embedctl::http
