#include "http/url.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace embedctl::http {

namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// libcurl's own parser, so that the URL checked is the URL connected to.
class Url {
public:
  explicit Url(const std::string& text)
      : m_url(curl_url()), m_code(curl_url_set(m_url.get(), CURLUPART_URL, text.c_str(), 0)) {}

  bool is_valid() const { return m_code == CURLUE_OK; }
  const char* problem() const { return curl_url_strerror(m_code); }

  std::optional<std::string> part(CURLUPart which) const {
    char* text = nullptr;
    if (curl_url_get(m_url.get(), which, &text, 0) != CURLUE_OK)
      return std::nullopt;
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return text;
  }

private:
  std::unique_ptr<CURLU, UrlDeleter> m_url;
  CURLUcode m_code;
};

bool is_loopback_host(std::string host) {
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1)
    return IN6_IS_ADDR_LOOPBACK(&v6);
  return curl_strequal(host.c_str(), "localhost") != 0;
}

Error usage(const std::string& message, std::string hint = {}) {
  return Error(ErrorKind::usage, message, std::move(hint));
}

} // namespace

std::string check_base_url(const std::string& text, bool allow_insecure) {
  const Url url(text);
  const auto scheme = url.part(CURLUPART_SCHEME);
  if (!url.is_valid() || !scheme)
    throw usage(
        fmt::format("the base URL is not valid: {}", url.problem()),
        "example: https://api.openai.com/v1");
  if (scheme != "https" && scheme != "http")
    throw usage(fmt::format("the base URL must use https or http, not \"{}\"", *scheme));
  if (url.part(CURLUPART_USER) || url.part(CURLUPART_PASSWORD))
    throw usage("the base URL contains a user name or password", "put the key in OPENAI_API_KEY");
  if (url.part(CURLUPART_QUERY) || url.part(CURLUPART_FRAGMENT))
    throw usage("the base URL contains a query or fragment", "end it with the path, such as /v1");
  const std::string host = url.part(CURLUPART_HOST).value_or("");
  if (scheme == "http" && !allow_insecure && !is_loopback_host(host))
    throw usage(
        fmt::format("the key would go to \"{}\" unencrypted", printable(host)),
        "use https, or --allow-insecure on a network that you trust");

  std::string checked = url.part(CURLUPART_URL).value();
  while (checked.ends_with('/'))
    checked.pop_back();
  return checked;
}

std::string authority_of(const std::string& text) {
  const Url url(text);
  const std::string host = url.part(CURLUPART_HOST).value_or("");
  const auto port = url.part(CURLUPART_PORT);
  return printable(port ? host + ":" + *port : host);
}

bool is_loopback(const std::string& text) {
  return is_loopback_host(Url(text).part(CURLUPART_HOST).value_or(""));
}

} // namespace embedctl::http
