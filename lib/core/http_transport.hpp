#pragma once

#include "base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
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
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::string body; // sent when the method is POST and there is no upload
  std::optional<HttpUpload> upload;

  // Where the body of a 2xx answer goes, made durable; any other body comes in HttpResponse.
  std::optional<std::filesystem::path> download_to;

  std::function<void(std::uint64_t more)> on_bytes; // body bytes sent or received

  std::chrono::seconds first_byte_timeout{60};
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers; // names in lower case
  std::string body;    // bounded; cut where it is longer

  std::optional<std::string> header(const std::string& lower_case_name) const;
};

// No answer was had.
class TransportError : public Error {
public:
  TransportError(const std::string& message, bool maybe_delivered_, std::string hint = {})
      : Error(ErrorKind::unreachable, message, std::move(hint)),
        maybe_delivered(maybe_delivered_) {}

  bool maybe_delivered; // false: the request cannot have reached the server
};

// One HTTP exchange, no retries, no redirects, TLS verified. May be used from many threads.
// Throws TransportError, or Error{io} where a local file fails. Real class: http::CurlTransport.
class HttpTransport {
public:
  virtual ~HttpTransport() = default;
  virtual HttpResponse perform(const HttpRequest& request) = 0;
};

} // namespace embedctl
