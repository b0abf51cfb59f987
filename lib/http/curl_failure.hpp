#pragma once

#include "http/curl_handles.hpp"
#include "http/curl_transport.hpp"

#include <string>

namespace embedctl::http {

// A failed curl_easy_perform.
struct CurlFailure {
  CURL* easy = nullptr;
  CURLcode code = CURLE_OK;
  const char* detail = ""; // libcurl's own words; they hold no header
  std::string authority;   // of the URL
  bool maybe_delivered = true;
};

// Throws what HttpTransport promises. One cause always gives the same text, so that attempts can be
// counted by it.
[[noreturn]] void throw_curl_failure(const CurlFailure& failure, const TransportOptions& options);

} // namespace embedctl::http
