#include "openai/provider.hpp"

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "openai/error_cutter.hpp"
#include "openai/parse.hpp"
#include "openai/error_reply.hpp"
#include "openai/url_escape.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

namespace embedctl::openai {

namespace {

using http::Call;
using http::Verdict;

// The server reads and checks the whole upload, or creates the batch, before it responds; an early
// timeout would only turn a slow reply into a doubtful one.
constexpr std::chrono::seconds k_slow_answer{180};

constexpr std::chrono::seconds k_patience_with_missing{10};

bool is_missing(int status) {
  return status == 404 || status == 410;
}

void check_header_text(const std::string& text, const char* name) {
  const bool fits =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
  if (!fits)
    throw Error(
        ErrorKind::usage,
        fmt::format("{} contains a character that is not allowed in an HTTP header", name),
        "check it for spaces, line breaks and stray shell quotes");
}

std::string named(const char* doing, const std::string& name) {
  return fmt::format("{} \"{}\"", doing, printable(name, 200));
}

// Reports the bytes of a retried transfer only beyond those of the previous attempt, so that no
// byte is counted twice.
class Progressed {
public:
  explicit Progressed(const BatchProvider::OnBytes& on_bytes) : m_on_bytes(on_bytes) {}

  void start_at(std::uint64_t offset) { m_at = offset; }

  void add(std::uint64_t more) {
    m_at += more;
    if (m_at <= m_furthest)
      return;
    const std::uint64_t further = m_at - m_furthest;
    m_furthest = m_at;
    if (m_on_bytes)
      m_on_bytes(further);
  }

private:
  const BatchProvider::OnBytes& m_on_bytes;
  std::uint64_t m_at = 0;
  std::uint64_t m_furthest = 0;
};

std::string json_body(const NewBatch& batch) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object()
      .field("input_file_id", batch.input_file_id)
      .field("endpoint", batch.endpoint)
      .field("completion_window", "24h");
  if (!batch.metadata.empty()) {
    writer.key("metadata").begin_object();
    for (const auto& [key, value] : batch.metadata)
      writer.field(key, value);
    writer.end_object();
  }
  writer.end_object();
  return body;
}

} // namespace

Provider::Provider(HttpTransport& transport, Clock& clock, ProgressSink& progress, Options options)
    : m_clock(clock), m_retry(transport, clock, progress, options.retry), m_options(std::move(options)) {
  check_header_text(m_options.api_key.reveal(), "the API key");
  check_header_text(m_options.organization, "the organization");
  check_header_text(m_options.project, "the project");
  while (m_options.base_url.ends_with('/'))
    m_options.base_url.pop_back();
}

HttpRequest
Provider::request(std::string method, const std::string& path, std::size_t errors) const {
  HttpRequest request;
  request.method = std::move(method);
  request.url = m_options.base_url + path;
  request.bearer = m_options.api_key;
  if (!m_options.organization.empty())
    request.headers.emplace_back("OpenAI-Organization", m_options.organization);
  request.filter = [cutter = std::make_shared<ErrorCutter>(errors)](std::string_view piece) {
    return cutter->take(piece);
  };
  if (!m_options.project.empty())
    request.headers.emplace_back("OpenAI-Project", m_options.project);
  return request;
}

HttpResponse Provider::perform(const Call& call) {
  Call careful = call;
  careful.judge = [&call](const HttpResponse& answer) {
    if (is_out_of_quota(answer))
      return Verdict::final;
    return call.judge ? call.judge(answer) : http::judge(answer, call.repeatable);
  };
  HttpResponse answer = m_retry.perform(careful);
  if (!answer.is_success())
    throw error_of_reply(call.what, answer, m_options.api_key);
  return answer;
}

json::Document Provider::ask(Call call, Understood understood) {
  std::optional<json::Document> document;
  call.judge = [&, judge = call.judge](const HttpResponse& answer) {
    if (!answer.is_success())
      return judge ? judge(answer) : http::judge(answer, call.repeatable);
    document = json::Document::try_parse(answer.body);
    if (document && understood(document->root()))
      return Verdict::final;
    return call.repeatable ? Verdict::again : Verdict::in_doubt;
  };
  perform(call);
  return *std::move(document);
}

RemoteBatch Provider::ask_for_batch(const Call& call) {
  const auto is_batch = [](const json::Value& answer) { return parse_batch(answer).has_value(); };
  return *parse_batch(ask(call, is_batch).root());
}

ProviderIdentity Provider::identity() {
  return {m_options.base_url, m_options.organization, m_options.project};
}

void Provider::check_access() {
  Call call;
  call.what = "use the provider's Batch API";
  call.request = [this] { return request("GET", "/batches?limit=1", k_errors_of_each); };
  const HttpResponse answer = perform(call);
  const auto document = json::Document::try_parse(answer.body);
  if (!document || !parse_page(document->root()))
    throw Error(
        ErrorKind::provider,
        fmt::format("cannot {}: the response is not a list of batches", call.what),
        "check OPENAI_BASE_URL; with most providers it ends with /v1");
}

RemoteFile Provider::upload(
    const std::filesystem::path& file, const std::string& name, const OnBytes& on_bytes) {
  Progressed progressed(on_bytes);
  Call call;
  call.what = named("upload", name);
  call.repeatable = false;
  call.request = [&] {
    HttpRequest post = request("POST", "/files");
    post.upload = HttpUpload{{{"purpose", m_options.purpose}}, file, name};
    post.first_byte_timeout = k_slow_answer;
    progressed.start_at(0);
    post.on_bytes = [&](std::uint64_t more) { progressed.add(more); };
    return post;
  };
  const auto is_file = [](const json::Value& answer) { return parse_file(answer).has_value(); };
  return *parse_file(ask(call, is_file).root());
}

RemoteBatch Provider::create(const NewBatch& batch) {
  Call call;
  call.what = named("create a batch for file", batch.input_file_id);
  call.repeatable = false;
  call.request = [&] {
    HttpRequest post = request("POST", "/batches");
    post.headers.emplace_back("Content-Type", "application/json");
    post.body = json_body(batch);
    post.first_byte_timeout = k_slow_answer;
    post.finish_when_stopping = true;
    return post;
  };
  return ask_for_batch(call);
}

std::optional<RemoteFile> Provider::find_file(const std::string& file_id) {
  Call call;
  call.what = named("look up file", file_id);
  call.request = [&] { return request("GET", "/files/" + url_escaped(file_id)); };
  const auto is_file = [](const json::Value& answer) { return parse_file(answer).has_value(); };
  try {
    return parse_file(ask(call, is_file).root());
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 404)
      throw;
    return std::nullopt;
  }
}

RemoteBatch Provider::retrieve(const std::string& batch_id) {
  Call call;
  call.what = named("retrieve batch", batch_id);
  call.request = [&] { return request("GET", "/batches/" + url_escaped(batch_id)); };
  return ask_for_batch(call);
}

RemoteBatch Provider::cancel(const std::string& batch_id) {
  Call call;
  call.what = named("cancel batch", batch_id);
  call.request = [&] {
    HttpRequest post = request("POST", "/batches/" + url_escaped(batch_id) + "/cancel");
    post.headers.emplace_back("Content-Type", ""); // there is no body
    post.finish_when_stopping = true;
    return post;
  };
  call.judge = [](const HttpResponse& answer) {
    return answer.status == 409 ? Verdict::final : http::judge(answer, true);
  };
  try {
    return ask_for_batch(call);
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 409)
      throw;
  }
  return retrieve(batch_id); // it had ended already
}

void Provider::download(
    const std::string& file_id, const std::filesystem::path& to, const OnBytes& on_bytes) {
  // Resume only what this call has written: after a crash, a file may contain zeros where its data
  // never reached the disk.
  remove_durably(to);
  Progressed progressed(on_bytes);
  Call call;
  call.what = named("download file", file_id);
  call.request = [&] {
    HttpRequest get = request("GET", "/files/" + url_escaped(file_id) + "/content");
    get.download_to = to;
    get.resume_from = std::filesystem::exists(to) ? embedctl::file_size(to) : 0;
    progressed.start_at(get.resume_from);
    get.on_bytes = [&](std::uint64_t more) { progressed.add(more); };
    return get;
  };
  std::optional<Clock::Steady> missing_since;
  call.judge = [&](const HttpResponse& answer) {
    if (is_missing(answer.status)) { // a new file may not be everywhere yet
      if (!missing_since)
        missing_since = m_clock.steady();
      return m_clock.steady() - *missing_since < k_patience_with_missing ? Verdict::again
                                                                         : Verdict::final;
    }
    if (answer.status != 416)
      return http::judge(answer, true);
    remove_durably(to); // the server has nothing behind it, so it is not what the server has
    return Verdict::again;
  };
  try {
    perform(call);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unreachable || !error.provider
        || !is_missing(error.provider->http_status))
      throw;
    Error missing(ErrorKind::provider, error.what()); // --retry-timeout is shorter
    missing.provider = error.provider;
    throw missing;
  }
}

void Provider::delete_file(const std::string& file_id) {
  Call call;
  call.what = named("delete file", file_id);
  call.request = [&] { return request("DELETE", "/files/" + url_escaped(file_id)); };
  try {
    perform(call);
  } catch (const Error& error) {
    if (!error.provider || error.provider->http_status != 404)
      throw;
  }
}

} // namespace embedctl::openai
