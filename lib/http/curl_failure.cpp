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
  return error_number == 0 ? "no address of it answers"
                           : std::generic_category().message(static_cast<int>(error_number));
}

std::string timeout_problem(const CurlFailure& failure, const TransportOptions& options) {
  using Seconds = std::chrono::duration<double>;
  return failure.maybe_delivered ? fmt::format(
             "no whole answer from {} within {} s", failure.authority,
             Seconds(options.exchange_timeout).count())
                                 : fmt::format(
                                     "no connection to {} within {} s", failure.authority,
                                     Seconds(options.connect_timeout).count());
}

[[noreturn]] void throw_unverified(const CurlFailure& failure) {
  throw Error(
      ErrorKind::unreachable,
      fmt::format(
          "the certificate of {} cannot be verified: {}", failure.authority,
          printable(failure.detail)),
      "where a proxy or a private server has its own authority, name that authority's file as "
      "the CA file");
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
    throw transport_error(fmt::format("the name of {} cannot be resolved", peer));
  case CURLE_COULDNT_RESOLVE_PROXY:
    throw transport_error(fmt::format("the name of the proxy to {} cannot be resolved", peer));
  case CURLE_COULDNT_CONNECT:
    throw transport_error(
        fmt::format("no connection to {}: {}", peer, connect_problem(failure.easy)));
  case CURLE_SSL_CONNECT_ERROR:
    throw transport_error(
        fmt::format("no TLS connection to {}: {}", peer, printable(failure.detail)));
  case CURLE_OPERATION_TIMEDOUT:
    throw transport_error(timeout_problem(failure, options));
  case CURLE_GOT_NOTHING:
    throw transport_error(fmt::format("{} closed the connection without an answer", peer));
  case CURLE_PARTIAL_FILE:
    throw transport_error(fmt::format("the answer of {} was cut short", peer));
  default:
    throw transport_error(
        fmt::format("the exchange with {} broke off: {}", peer, curl_easy_strerror(failure.code)));
  }
}

} // namespace embedctl::http
