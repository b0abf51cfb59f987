#include "sandbox/executor.hpp"

#include "base/error.hpp"
#include "sandbox/api_error.hpp"
#include "sandbox/embeddings.hpp"
#include "sandbox/hash.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

// Few enough that cancellation and the progress of other batches are seen soon.
constexpr std::uint64_t k_slice = 256;

std::vector<RequestPlace>
read_places(const fs::path& path, std::uint64_t from, std::uint64_t count) {
  const Fd fd = open_for_reading(path);
  const std::string bytes = read_at(
      fd, from * sizeof(RequestPlace), static_cast<std::size_t>(count) * sizeof(RequestPlace),
      path);
  std::vector<RequestPlace> places(bytes.size() / sizeof(RequestPlace));
  std::memcpy(places.data(), bytes.data(), places.size() * sizeof(RequestPlace));
  if (places.size() != count)
    throw Error(ErrorKind::corrupt, fmt::format("\"{}\" is too short", path.string()));
  return places;
}

std::string failure_message(std::string_view code) {
  return fmt::format("The sandbox let this request fail with {}.", code);
}

} // namespace

// Some requests of one batch, while its files are open.
class Executor::Slice {
public:
  Slice(const BatchPaths& paths, Batch& batch)
      : m_paths(paths),
        m_batch(batch),
        m_input(open_for_reading(paths.input)),
        m_output(paths.output, batch.progress.output_bytes),
        m_errors(paths.errors, batch.progress.error_bytes) {}

  json::Document request_at(const RequestPlace& place) const {
    return json::Document::parse(
        read_at(m_input, place.offset, place.length, m_paths.input), "a validated request");
  }

  void succeed(std::string_view custom_id, const EmbeddingRequest& request) {
    open_line(custom_id);
    open_response(custom_id, 200);
    append_embeddings(m_line, request);
    m_line += "},\"error\":null}\n";
    m_output.write(m_line);
    ++m_batch.progress.completed;
    m_batch.progress.billed_tokens += request.tokens;
  }

  void fail_with_status(std::string_view custom_id, const ApiError& error) {
    open_line(custom_id);
    open_response(custom_id, error.status());
    m_line += error.json();
    m_line += "},\"error\":null}\n";
    m_errors.write(m_line);
    ++m_batch.progress.failed;
  }

  void fail_without_response(
      std::string_view custom_id, std::string_view code, std::string_view message) {
    open_line(custom_id);
    m_line += "null,\"error\":";
    json::Writer(m_line).begin_object().field("code", code).field("message", message).end_object();
    m_line += "}\n";
    m_errors.write(m_line);
  }

  void flush() {
    m_output.flush();
    m_errors.flush();
    m_batch.progress.output_bytes = m_output.size();
    m_batch.progress.error_bytes = m_errors.size();
  }

private:
  void open_line(std::string_view custom_id) {
    m_line = fmt::format(R"({{"id":"batch_req_{}","custom_id":)", request_hash(custom_id));
    json::append_string(m_line, custom_id);
    m_line += R"(,"response":)";
  }

  void open_response(std::string_view custom_id, int status) {
    fmt::format_to(
        std::back_inserter(m_line), R"({{"status_code":{},"request_id":"{}","body":)", status,
        request_hash(custom_id));
  }

  std::string request_hash(std::string_view custom_id) const {
    return hex(hash(custom_id, hash(m_batch.id)));
  }

  const BatchPaths& m_paths;
  Batch& m_batch;
  Fd m_input;
  Appender m_output;
  Appender m_errors;
  std::string m_line;
};

void Executor::plan(const BatchPaths& paths, std::vector<RequestPlace> requests) const {
  // Fisher-Yates by hand: std::shuffle differs from library to library.
  std::uint64_t state = m_seed;
  for (std::size_t i = requests.size(); i > 1; --i)
    std::swap(requests[i - 1], requests[next_random(state) % i]);
  std::string bytes(requests.size() * sizeof(RequestPlace), '\0');
  std::memcpy(bytes.data(), requests.data(), bytes.size());
  replace_file(paths.places, bytes);
}

void Executor::run(const BatchPaths& paths, Batch& batch, std::uint64_t until) {
  BatchProgress& progress = batch.progress;
  const auto count = std::min(until - progress.executed, k_slice);
  Slice slice(paths, batch);
  m_ledger.begin();
  for (const RequestPlace& place : read_places(paths.places, progress.executed, count)) {
    const auto document = slice.request_at(place);
    const auto custom_id = document.root().string("custom_id").value_or("");
    try {
      const auto request = read_embedding_request(document.root().find("body").value());
      auto wanted = wanted_failure(request);
      if (!wanted && m_fail_every != 0 && place.line % m_fail_every == 0)
        wanted = place.line / m_fail_every % 2 == 0 ? WantedFailure{0, "request_timeout"}
                                                    : WantedFailure{500, "server_error"};
      if (!wanted) {
        slice.succeed(custom_id, request);
        m_ledger.add(batch.id, custom_id, hash(request.inputs.front()), request.tokens);
      } else if (wanted->status != 0) {
        slice.fail_with_status(
            custom_id, ApiError(
                           wanted->status, failure_message(wanted->code), wanted->code, {},
                           wanted->status < 500 ? "invalid_request_error" : "server_error"));
      } else {
        slice.fail_without_response(custom_id, wanted->code, failure_message(wanted->code));
        ++progress.failed;
      }
    } catch (const ApiError& refused) {
      slice.fail_with_status(custom_id, refused);
    }
  }
  progress.executed += count;
  slice.flush();
  m_ledger.commit();
  progress.ledger_bytes = m_ledger.size();
}

void Executor::give_up(
    const BatchPaths& paths, Batch& batch, std::string_view code, std::string_view message) {
  BatchProgress& progress = batch.progress;
  Slice slice(paths, batch);
  while (progress.executed + progress.never_run < progress.total) {
    const auto from = progress.executed + progress.never_run;
    const auto count = std::min(progress.total - from, k_slice);
    for (const RequestPlace& place : read_places(paths.places, from, count)) {
      const auto document = slice.request_at(place);
      slice.fail_without_response(document.root().string("custom_id").value_or(""), code, message);
    }
    progress.never_run += count;
  }
  slice.flush();
}

} // namespace embedctl::sandbox
