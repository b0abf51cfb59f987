#include "http/exchange.hpp"

#include "base/bytes.hpp"
#include "http/content_range.hpp"
#include "http/curl_failure.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace embedctl::http {

namespace {

// Fits the longest list page requested, and is small enough for many threads.
constexpr std::size_t k_body_limit = 4 * 1024 * 1024;
constexpr std::size_t k_head_limit = 256 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view k_space = " \t\r\n";
  const auto first = text.find_first_not_of(k_space);
  return first == std::string_view::npos
             ? std::string_view{}
             : text.substr(first, text.find_last_not_of(k_space) - first + 1);
}

} // namespace

template <typename Step>
bool Exchange::guarded(Step step) noexcept {
  try {
    step();
    return true;
  } catch (...) {
    m_failure = std::current_exception();
    return false;
  }
}

HttpResponse Exchange::run() {
  CURLcode code = curl_easy_perform(m_easy);
  if (m_failure)
    std::rethrow_exception(m_failure);
  m_response.status = status();
  // libcurl treats headers followed by a closed connection as a complete response without a body.
  if (code == CURLE_OK && !m_answered)
    code = CURLE_PARTIAL_FILE;
  // A refusal counts even if the connection broke after its headers: a server that refuses an
  // upload often closes without reading the rest.
  const bool is_refusal = m_answered && m_response.status >= 300;
  if (code != CURLE_OK && !m_body_cut && !is_refusal)
    throw_curl_failure({m_easy, code, m_detail.data(), m_authority, m_begun}, m_options);
  if (m_request.download_to && m_response.is_success()) {
    if (!m_download)
      open_download(); // the body was empty
    m_download->finish();
  }
  return std::move(m_response);
}

void Exchange::set_callbacks() {
  set(CURLOPT_PREREQDATA, this);
  set(
      CURLOPT_PREREQFUNCTION, +[](void* self, char*, char*, int, int) {
        static_cast<Exchange*>(self)->m_begun = true;
        return CURL_PREREQFUNC_OK;
      });
  set(CURLOPT_HEADERDATA, this);
  set(
      CURLOPT_HEADERFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        auto* exchange = static_cast<Exchange*>(self);
        return exchange->guarded([&] { exchange->on_header({data, size}); }) ? size : 0;
      });
  set(CURLOPT_WRITEDATA, this);
  set(
      CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* self) {
        auto* exchange = static_cast<Exchange*>(self);
        bool more = true;
        const bool done = exchange->guarded([&] { more = exchange->on_body({data, size}); });
        return done && more ? size : 0;
      });
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFODATA, this);
  set(
      CURLOPT_XFERINFOFUNCTION,
      +[](void* self, curl_off_t, curl_off_t received, curl_off_t to_send, curl_off_t sent) {
        auto* exchange = static_cast<Exchange*>(self);
        const auto count = [](curl_off_t bytes) { return static_cast<std::uint64_t>(bytes); };
        const bool go_on = exchange->guarded(
            [&] { exchange->on_progress(count(received), count(sent), count(to_send)); });
        return go_on ? 0 : 1;
      });
}

void Exchange::set_upload() {
  const HttpUpload& upload = *m_request.upload;
  m_upload.emplace(upload.file);
  m_mime.reset(curl_mime_init(m_easy));
  for (const auto& [name, content] : upload.fields) {
    curl_mimepart* field = curl_mime_addpart(m_mime.get());
    curl_mime_name(field, name.c_str());
    curl_mime_data(field, content.data(), content.size());
  }
  curl_mimepart* file = curl_mime_addpart(m_mime.get());
  curl_mime_name(file, "file");
  curl_mime_filename(file, upload.file_name.c_str());
  const auto read = [](char* to, std::size_t, std::size_t size, void* self) -> std::size_t {
    auto* exchange = static_cast<Exchange*>(self);
    std::size_t got = 0;
    const bool done = exchange->guarded([&] {
      got = exchange->m_upload->read({to, size});
      exchange->count(got);
    });
    return done ? got : std::size_t{CURL_READFUNC_ABORT};
  };
  const auto seek = [](void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET)
      return CURL_SEEKFUNC_CANTSEEK;
    static_cast<Exchange*>(self)->m_upload->seek(static_cast<std::uint64_t>(offset));
    return CURL_SEEKFUNC_OK;
  };
  curl_mime_data_cb(file, static_cast<curl_off_t>(m_upload->size()), read, seek, nullptr, this);
  set(CURLOPT_MIMEPOST, m_mime.get());
}

void Exchange::on_header(std::string_view line) {
  m_head_bytes += line.size();
  if (m_head_bytes > k_head_limit)
    throw TransportError(
        fmt::format("the response headers from {} are too large", m_authority), true);
  const std::string_view text = trimmed(line);
  if (text.starts_with("HTTP/")) { // each interim answer has its own head
    m_response.headers.clear();
    return;
  }
  if (text.empty()) {
    m_answered = status() >= 200;
    return;
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos)
    m_response.headers.emplace_back(
        lower(trimmed(text.substr(0, colon))), trimmed(text.substr(colon + 1)));
}

bool Exchange::on_body(std::string_view bytes) {
  const int answered = status();
  if (m_request.download_to && answered >= 200 && answered < 300) {
    if (!m_download)
      open_download();
    m_download->write(bytes);
    count(bytes.size());
    return true;
  }
  std::string filtered;
  if (m_request.filter) {
    filtered = m_request.filter(bytes);
    bytes = filtered;
  }
  const std::size_t room = k_body_limit - m_response.body.size();
  m_response.body += bytes.substr(0, room);
  m_body_cut = bytes.size() > room;
  return !m_body_cut;
}

void Exchange::open_download() {
  const std::uint64_t from = m_request.resume_from;
  const bool is_part = status() == 206;
  const bool fits =
      is_part && from > 0 && completes_from(m_response.header("content-range").value_or(""), from);
  m_download.emplace(*m_request.download_to, fits ? from : 0);
  if (is_part && !fits) // what was there is given up, so that the next attempt starts anew
    throw TransportError(fmt::format("{} returned the wrong range of the file", m_authority), true);
}

void Exchange::count(std::size_t bytes) const {
  if (m_request.on_bytes && bytes > 0)
    m_request.on_bytes(bytes);
}

void Exchange::on_progress(std::uint64_t received, std::uint64_t sent, std::uint64_t to_send) {
  throw_if_stopped();
  using Phase = IdleWatch::Phase;
  const Phase phase = !m_begun         ? Phase::connecting
                      : m_answered     ? Phase::receiving
                      : sent < to_send ? Phase::sending
                                       : Phase::waiting;
  const auto now = std::chrono::steady_clock::now();
  m_idle.update(phase, received + sent + m_head_bytes, now);
  throw_if_idle(now);
}

void Exchange::throw_if_idle(std::chrono::steady_clock::time_point now) const {
  using Phase = IdleWatch::Phase;
  const bool waiting = m_idle.phase() == Phase::waiting;
  const auto bound = waiting ? m_request.first_byte_timeout : m_options.stall_timeout;
  if (m_idle.phase() == Phase::connecting || m_idle.idle(now) <= bound)
    return;
  const double seconds = std::chrono::duration<double>(bound).count();
  throw TransportError(
      waiting ? fmt::format("no response from {} within {} s", m_authority, seconds)
              : fmt::format("the transfer with {} stalled for {} s", m_authority, seconds),
      true);
}

void Exchange::throw_if_stopped() const {
  if (m_request.finish_when_stopping)
    return;
  try {
    m_stop.throw_if_requested();
  } catch (Error& error) {
    error.in_doubt = m_begun && m_request.method == "POST";
    throw;
  }
}

int Exchange::status() const {
  long code = 0;
  curl_easy_getinfo(m_easy, CURLINFO_RESPONSE_CODE, &code);
  return static_cast<int>(code);
}

} // namespace embedctl::http
