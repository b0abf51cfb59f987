#include "http/curl_transport.hpp"

#include "http/curl_handles.hpp"
#include "http/exchange.hpp"

#include <mutex>
#include <vector>

namespace embedctl::http {

namespace {

EasyHandle new_easy_handle() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  EasyHandle easy(initialised == CURLE_OK ? curl_easy_init() : nullptr);
  if (!easy)
    throw Error(ErrorKind::internal, "libcurl cannot be initialised");
  return easy;
}

} // namespace

// Idle handles with their connections; as many as there were concurrent requests.
class CurlTransport::Pool {
public:
  EasyHandle take() {
    const std::lock_guard lock(m_mutex);
    if (m_idle.empty())
      return new_easy_handle();
    EasyHandle easy = std::move(m_idle.back());
    m_idle.pop_back();
    return easy;
  }

  void give_back(EasyHandle easy) {
    curl_easy_reset(easy.get()); // keeps the connections
    const std::lock_guard lock(m_mutex);
    m_idle.push_back(std::move(easy));
  }

private:
  std::mutex m_mutex;
  std::vector<EasyHandle> m_idle;
};

CurlTransport::CurlTransport(const StopFlag& stop, TransportOptions options)
    : m_stop(stop), m_options(std::move(options)), m_pool(std::make_unique<Pool>()) {}

CurlTransport::~CurlTransport() = default;

HttpResponse CurlTransport::perform(const HttpRequest& request) {
  m_stop.throw_if_requested();
  EasyHandle easy = m_pool->take();
  HttpResponse response = Exchange(easy.get(), request, m_options, m_stop).run();
  m_pool->give_back(std::move(easy)); // one whose exchange failed goes with its connections
  return response;
}

} // namespace embedctl::http
