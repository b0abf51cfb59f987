#include "http/exchange.hpp"

#include "http/url.hpp"

#include <new>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace embedctl::http {

namespace {

// Large enough that a gigabyte does not take a million callbacks.
constexpr long k_buffer_size = 512 * 1024;

// Detects a dead peer within a minute: by keepalive probes on an idle connection, by
// TCP_USER_TIMEOUT on a busy one.
constexpr long k_keepalive_idle_seconds = 20;
constexpr long k_keepalive_interval_seconds = 10;
constexpr unsigned k_unacknowledged_ms = 50'000;

int set_user_timeout(void*, curl_socket_t socket, curlsocktype) {
  // Best effort: if the kernel refuses, the idle watch still bounds the wait.
  ::setsockopt(
      socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &k_unacknowledged_ms, sizeof k_unacknowledged_ms);
  return CURL_SOCKOPT_OK;
}

long milliseconds(std::chrono::milliseconds duration) {
  return static_cast<long>(duration.count());
}

} // namespace

Exchange::Exchange(
    CURL* easy, const HttpRequest& request, const TransportOptions& options, const StopFlag& stop)
    : m_easy(easy),
      m_request(request),
      m_options(options),
      m_stop(stop),
      m_authority(authority_of(request.url)) {
  set_connection();
  set_bounds();
  set_callbacks();
  set_method();
  set_headers();
}

void Exchange::set_connection() {
  set(CURLOPT_URL, m_request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!m_options.ca_file.empty())
    set(CURLOPT_CAINFO, m_options.ca_file.c_str());
  if (is_loopback(m_request.url)) // what is meant for this machine does not leave it
    set(CURLOPT_PROXY, "");
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, m_detail.data());
  set(CURLOPT_BUFFERSIZE, k_buffer_size);
  set(CURLOPT_UPLOAD_BUFFERSIZE, k_buffer_size);

  // libcurl sends a request again by itself when a kept connection turns out to be dead, although
  // the server may have acted on it. On a connection of its own a POST goes out once.
  if (m_request.method == "POST")
    set(CURLOPT_FRESH_CONNECT, 1L);
}

void Exchange::set_bounds() {
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(m_options.connect_timeout));
  if (!m_request.upload && !m_request.download_to)
    set(CURLOPT_TIMEOUT_MS, milliseconds(m_options.exchange_timeout));
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, k_keepalive_idle_seconds);
  set(CURLOPT_TCP_KEEPINTVL, k_keepalive_interval_seconds);
  set(CURLOPT_SOCKOPTFUNCTION, &set_user_timeout);
}

void Exchange::set_method() {
  if (m_request.method == "DELETE") {
    set(CURLOPT_CUSTOMREQUEST, "DELETE");
  } else if (m_request.method == "POST" && m_request.upload) {
    set_upload();
  } else if (m_request.method == "POST") {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(m_request.body.size()));
    set(CURLOPT_POSTFIELDS, m_request.body.c_str());
  } else if (m_request.method != "GET") {
    throw Error(ErrorKind::internal, fmt::format("HTTP method {}", m_request.method));
  }
  if (m_request.resume_from > 0)
    set(CURLOPT_RANGE, fmt::format("{}-", m_request.resume_from).c_str());
}

void Exchange::set_headers() {
  set(CURLOPT_USERAGENT, m_options.user_agent.c_str());
  for (const auto& [name, content] : m_request.headers)
    add_header(name, content);
  if (!m_request.bearer.empty())
    add_header("Authorization", "Bearer " + m_request.bearer.reveal());
  set(CURLOPT_HTTPHEADER, m_headers.get());
}

void Exchange::add_header(const std::string& name, const std::string& content) {
  if (content.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    throw Error(
        ErrorKind::usage, fmt::format("the value of header {} contains a line break", name));
  // libcurl omits a header with an empty value, including its own defaults.
  const std::string line = content.empty() ? name + ":" : name + ": " + content;
  curl_slist* longer = curl_slist_append(m_headers.get(), line.c_str());
  if (!longer)
    throw std::bad_alloc();
  static_cast<void>(m_headers.release());
  m_headers.reset(longer);
}

} // namespace embedctl::http
