#pragma once

#include "base/stop.hpp"
#include "core/http_transport.hpp"
#include "http/curl_handles.hpp"
#include "http/curl_transport.hpp"
#include "http/idle_watch.hpp"
#include "http/transfer_files.hpp"

#include <array>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace embedctl::http {

// One request and its response on a new or reset easy handle. Arguments must outlive it; reset or
// drop the handle afterwards.
class Exchange {
public:
  Exchange(
      CURL* easy,
      const HttpRequest& request,
      const TransportOptions& options,
      const StopFlag& stop);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  HttpResponse run();

private:
  template <typename Content>
  void set(CURLoption option, Content content) {
    if (curl_easy_setopt(m_easy, option, content) != CURLE_OK)
      throw Error(
          ErrorKind::internal, fmt::format("libcurl refuses option {}", static_cast<int>(option)));
  }
  void set_connection();
  void set_bounds();
  void set_callbacks();
  void set_method();
  void set_upload();
  void set_headers();
  void add_header(const std::string& name, const std::string& content);

  // libcurl callbacks; exceptions are stored in m_failure because none may pass through C.
  template <typename Step>
  bool guarded(Step step) noexcept;
  void on_header(std::string_view line);
  bool on_body(std::string_view bytes); // false: no more of it
  void on_progress(std::uint64_t received, std::uint64_t sent, std::uint64_t to_send);
  void open_download();
  void count(std::size_t bytes) const;

  void throw_if_stopped() const;
  void throw_if_idle(std::chrono::steady_clock::time_point now) const;
  int status() const;

  CURL* m_easy;
  const HttpRequest& m_request;
  const TransportOptions& m_options;
  const StopFlag& m_stop;
  std::string m_authority;

  HeaderList m_headers;
  Mime m_mime;
  std::optional<UploadFile> m_upload;
  std::optional<DownloadFile> m_download;
  std::array<char, CURL_ERROR_SIZE> m_detail{};

  HttpResponse m_response;
  IdleWatch m_idle;
  std::uint64_t m_head_bytes = 0;
  bool m_begun = false;    // the server may have something of the request
  bool m_answered = false; // the head of the final answer is whole
  bool m_body_cut = false;
  std::exception_ptr m_failure;
};

} // namespace embedctl::http
