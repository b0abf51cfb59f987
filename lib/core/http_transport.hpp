#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace embedctl {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

// A multipart/form-data body: the fields, then the file, streamed from disk.
struct HttpUpload {
  std::vector<std::pair<std::string, std::string>> fields;
  std::filesystem::path file;
  std::string file_name;
};

struct HttpRequest {
  std::string method = "GET"; // GET, POST or DELETE
  std::string url;
  HttpHeaders headers;
  Secret bearer;    // sent as "Authorization: Bearer ..." where it is not empty
  std::string body; // sent when the method is POST and there is no upload
  std::optional<HttpUpload> upload;

  // Where the body of a 2xx response is written, durably; other bodies go to HttpResponse. An
  // interrupted download can be completed with `resume_from`, its size: a server that returns 206
  // continues from there, one that returns 200 restarts the file.
  std::optional<std::filesystem::path> download_to;
  std::uint64_t resume_from = 0;

  std::function<void(std::uint64_t more)> on_bytes; // of the file sent or received

  // Shortens a body that goes to HttpResponse, piece by piece, before its bound applies.
  std::function<std::string(std::string_view piece)> filter;

  // From the last byte sent to the first byte received.
  std::chrono::milliseconds first_byte_timeout{60'000};

  // With this set, a stop request prevents starting the exchange but does not abort it.
  bool finish_when_stopping = false;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers; // names in lower case
  std::string body;    // bounded; cut where it is longer

  bool is_success() const { return status >= 200 && status < 300; }
  std::optional<std::string> header(const std::string& lower_case_name) const;
};

// No response arrived; another attempt may succeed.
class TransportError : public Error {
public:
  TransportError(const std::string& message, bool maybe_delivered_, std::string hint = {})
      : Error(ErrorKind::unreachable, message, std::move(hint)),
        maybe_delivered(maybe_delivered_) {}

  bool maybe_delivered; // false: the request cannot have reached the server
};

// One HTTP request and response: no retries, no redirects, TLS verified, thread-safe. A POST is
// sent at most once. Throws TransportError; Error{unreachable} if retrying is useless (a
// certificate that cannot be verified); Error{io} if a local file fails; Error{interrupted} on a
// stop request, `in_doubt` if a POST had started. Real class: http::CurlTransport.
class HttpTransport {
public:
  virtual ~HttpTransport() = default;
  virtual HttpResponse perform(const HttpRequest& request) = 0;
};

// A server's message with the key removed, in case it quotes it.
std::string without_key(std::string text, const Secret& key);

} // namespace embedctl
