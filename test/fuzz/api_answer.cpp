// API answers: files, batches, pages, times and refusals of any shape are read or passed over, what
// is read is fit for a terminal, and no error repeats the key.

#include "fuzz/support.hpp"
#include "openai/parse.hpp"
#include "openai/error_reply.hpp"

#include <array>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::openai;

namespace {

constexpr const char* k_key = "the-key";

// From the year 0 to the end of 9999, and a day more for the zones.
constexpr std::int64_t k_earliest = -62'167'305'600;
constexpr std::int64_t k_latest = 253'402'387'200;

void check_time(std::int64_t time) {
  require(time >= k_earliest && time <= k_latest, "a time is within the calendar");
}

void check_batch(const json::Value& value) {
  const auto batch = parse_batch(value);
  if (!batch)
    return;
  require(!batch->id.empty(), "a batch has an id");
  check_time(batch->created_at);
  check_time(batch->expires_at);
  require(
      batch->counts.total >= 0 && batch->counts.completed >= 0 && batch->counts.failed >= 0,
      "counts are not negative");
  require(is_printable(batch->status_text), "a status is fit for a terminal");
  for (const RemoteError& error : batch->errors)
    require(
        is_printable(error.code) && is_printable(error.message), "errors are fit for a terminal");
  const auto document = json::Document::try_parse(batch->json);
  require(document.has_value(), "an answer that is kept is JSON");
  const auto again = parse_batch(document->root());
  require(
      again && again->id == batch->id && again->status == batch->status
          && again->input_file_id == batch->input_file_id
          && again->output_file_id == batch->output_file_id
          && again->error_file_id == batch->error_file_id && again->created_at == batch->created_at
          && again->metadata == batch->metadata && again->errors.size() == batch->errors.size()
          && again->json == batch->json,
      "an answer that is kept says what it said");
}

void check_file(const json::Value& value) {
  const auto file = parse_file(value);
  if (!file)
    return;
  require(!file->id.empty(), "a file has an id");
  check_time(file->created_at);
}

void check_refusal(std::string_view body) {
  HttpResponse answer;
  answer.body = body;
  answer.headers = {{"x-request-id", std::string(body.substr(0, 64))}};
  constexpr std::array k_statuses = {302, 400, 401, 429, 500};
  answer.status = k_statuses[body.size() % k_statuses.size()];
  const Error error = error_of_reply("create a batch", answer, Secret(k_key));
  require(error.kind() == ErrorKind::provider, "a refusal is the provider's");
  for (const std::string& text :
       {std::string(error.what()), error.hint(), error.provider->code,
        error.provider->request_id}) {
    require(text.find(k_key) == std::string::npos, "no error repeats the key");
    require(is_printable(text), "an error is fit for a terminal");
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check_refusal(text);
  const auto document = json::Document::try_parse(text);
  if (!document)
    return 0;
  const json::Value root = document->root();
  check_batch(root);
  check_file(root);
  check_time(parse_time(root));
  if (const auto page = parse_page(root))
    for (const json::Value& item : page->items) {
      check_batch(item);
      check_file(item);
      check_time(parse_time(item));
    }
  return 0;
}
