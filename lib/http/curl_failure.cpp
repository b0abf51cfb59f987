#include "http/curl_failure.hpp"

#include "base/bytes.hpp"

#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace embedctl::http {

namespace {

std::string connect_problem(CURL* easy) {
  long error_number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
  return error_number == 0 ? "none of its addresses answered"
                           : std::generic_category().message(static_cast<int>(error_number));
}

std::string timeout_problem(const CurlFailure& failure, const TransportOptions& options) {
  using Seconds = std::chrono::duration<double>;
  return failure.maybe_delivered ? fmt::format(
             "no complete response from {} within {} s", failure.authority,
             Seconds(options.exchange_timeout).count())
                                 : fmt::format(
                                     "could not connect to {} within {} s", failure.authority,
                                     Seconds(options.connect_timeout).count());
}

[[noreturn]] void throw_unverified(const CurlFailure& failure) {
  throw Error(
      ErrorKind::unreachable,
      fmt::format(
          "the certificate of {} cannot be verified: {}", failure.authority,
          printable(failure.detail)),
      "if a proxy or private server uses its own certificate authority, pass that authority's "
      "certificate as the CA file");
}

} // namespace

void throw_curl_failure(const CurlFailure& failure, const TransportOptions& options) {
  const auto transport_error = [&](const std::string& message) {
    return TransportError(message, failure.maybe_delivered);
  };
  const std::string& peer = failure.authority;
  switch (failure.code) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
    throw_unverified(failure);
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL:
    throw Error(ErrorKind::usage, "the provider's URL is not valid", "check the base URL");
  case CURLE_COULDNT_RESOLVE_HOST:
    throw transport_error(fmt::format("cannot resolve {}", peer));
  case CURLE_COULDNT_RESOLVE_PROXY:
    throw transport_error(fmt::format("cannot resolve the proxy for {}", peer));
  case CURLE_COULDNT_CONNECT:
    throw transport_error(
        fmt::format("could not connect to {}: {}", peer, connect_problem(failure.easy)));
  case CURLE_SSL_CONNECT_ERROR:
    throw transport_error(
        fmt::format("TLS handshake with {} failed: {}", peer, printable(failure.detail)));
  case CURLE_OPERATION_TIMEDOUT:
    throw transport_error(timeout_problem(failure, options));
  case CURLE_GOT_NOTHING:
    throw transport_error(fmt::format("{} closed the connection without a response", peer));
  case CURLE_PARTIAL_FILE:
    throw transport_error(fmt::format("the response from {} was truncated", peer));
  default:
    throw transport_error(
        fmt::format("the request to {} failed: {}", peer, curl_easy_strerror(failure.code)));
  }
}

} // namespace embedctl::http
