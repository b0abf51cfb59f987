#include "sandbox/batch.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include "base/error.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

using json::Value;
using json::Writer;

constexpr std::array k_statuses = {
    RemoteStatus::validating, RemoteStatus::in_progress, RemoteStatus::finalizing,
    RemoteStatus::cancelling, RemoteStatus::completed,   RemoteStatus::failed,
    RemoteStatus::expired,    RemoteStatus::cancelled,
};

RemoteStatus status_from(std::string_view name, std::string_view what) {
  for (const RemoteStatus status : k_statuses)
    if (to_string(status) == name)
      return status;
  throw Error(ErrorKind::corrupt, fmt::format("{} has no known status", what));
}

void field(Writer& writer, std::string_view name, const std::optional<Instant>& instant) {
  if (instant)
    writer.field(name, instant->time_since_epoch().count());
}

std::optional<Instant> instant(const Value& value, std::string_view name) {
  const auto millis = value.integer(name);
  return millis ? std::optional(Instant(Millis(*millis))) : std::nullopt;
}

std::uint64_t number(const Value& value, std::string_view name) {
  return static_cast<std::uint64_t>(value.integer(name).value_or(0));
}

void write_error(Writer& writer, const InputError& error) {
  writer.begin_object().field("code", error.code).field("message", error.message);
  if (error.param)
    writer.field("param", *error.param);
  if (error.line)
    writer.field("line", *error.line);
  writer.end_object();
}

InputError read_error(const Value& value) {
  InputError error;
  error.code = value.string("code").value_or("");
  error.message = value.string("message").value_or("");
  error.param = value.string("param");
  if (const auto line = value.integer("line"))
    error.line = static_cast<std::uint64_t>(*line);
  return error;
}

void write_request(Writer& writer, const BatchRequest& request) {
  writer.begin_object()
      .field("input_file_id", request.input_file_id)
      .field("endpoint", request.endpoint)
      .field("completion_window", request.completion_window);
  writer.key("metadata").begin_object();
  for (const auto& [key, text] : request.metadata)
    writer.field(key, text);
  writer.end_object();
  if (request.output_lifetime_seconds)
    writer.field("output_lifetime_seconds", *request.output_lifetime_seconds);
  writer.key("refuse_with").begin_array();
  for (const InputError& error : request.refuse_with)
    write_error(writer, error);
  writer.end_array().end_object();
}

BatchRequest read_request(const Value& value) {
  BatchRequest request;
  request.input_file_id = value.string("input_file_id").value_or("");
  request.endpoint = value.string("endpoint").value_or("");
  request.completion_window = value.string("completion_window").value_or("");
  if (const auto metadata = value.find("metadata"))
    metadata->for_each_member([&](std::string_view key, const Value& text) {
      request.metadata.emplace(key, text.as_string().value_or(""));
    });
  request.output_lifetime_seconds = value.integer("output_lifetime_seconds");
  if (const auto refuse_with = value.find("refuse_with"))
    refuse_with->for_each(
        [&](const Value& error) { request.refuse_with.push_back(read_error(error)); });
  return request;
}

void write_progress(Writer& writer, const BatchProgress& progress) {
  writer.begin_object()
      .field("total", progress.total)
      .field("executed", progress.executed)
      .field("completed", progress.completed)
      .field("failed", progress.failed)
      .field("never_run", progress.never_run)
      .field("billed_tokens", progress.billed_tokens)
      .field("output_bytes", progress.output_bytes)
      .field("error_bytes", progress.error_bytes)
      .field("ledger_bytes", progress.ledger_bytes)
      .end_object();
}

BatchProgress read_progress(const Value& value) {
  return {
      .total = number(value, "total"),
      .executed = number(value, "executed"),
      .completed = number(value, "completed"),
      .failed = number(value, "failed"),
      .never_run = number(value, "never_run"),
      .billed_tokens = number(value, "billed_tokens"),
      .output_bytes = number(value, "output_bytes"),
      .error_bytes = number(value, "error_bytes"),
      .ledger_bytes = number(value, "ledger_bytes"),
  };
}

} // namespace

std::string Batch::stored_json() const {
  std::string out;
  Writer writer(out, Writer::Style::indented);
  writer.begin_object()
      .field("id", id)
      .field("sequence", sequence)
      .field("status", to_string(status))
      .key("request");
  write_request(writer, request);
  field(writer, "created_at", created_at);
  field(writer, "expires_at", expires_at);
  field(writer, "in_progress_at", in_progress_at);
  field(writer, "finalizing_at", finalizing_at);
  field(writer, "cancelling_at", cancelling_at);
  field(writer, "ended_at", ended_at);
  writer.key("errors").begin_array();
  for (const InputError& error : errors)
    write_error(writer, error);
  writer.end_array();
  writer.field("model", model).field("queued_tokens", queued_tokens).key("progress");
  write_progress(writer, progress);
  if (output_file_id)
    writer.field("output_file_id", *output_file_id);
  if (error_file_id)
    writer.field("error_file_id", *error_file_id);
  writer.end_object();
  return out;
}

Batch Batch::from_stored(std::string_view text, std::string_view what) {
  const auto document = json::Document::parse(text, what);
  const auto root = document.root();
  Batch batch;
  batch.id = root.string("id").value_or("");
  batch.sequence = number(root, "sequence");
  batch.status = status_from(root.string("status").value_or(""), what);
  if (const auto request = root.find("request"))
    batch.request = read_request(*request);
  batch.created_at = instant(root, "created_at").value_or(Instant{});
  batch.expires_at = instant(root, "expires_at").value_or(Instant{});
  batch.in_progress_at = instant(root, "in_progress_at");
  batch.finalizing_at = instant(root, "finalizing_at");
  batch.cancelling_at = instant(root, "cancelling_at");
  batch.ended_at = instant(root, "ended_at");
  if (const auto errors = root.find("errors"))
    errors->for_each([&](const Value& error) { batch.errors.push_back(read_error(error)); });
  batch.model = root.string("model").value_or("");
  batch.queued_tokens = number(root, "queued_tokens");
  if (const auto progress = root.find("progress"))
    batch.progress = read_progress(*progress);
  batch.output_file_id = root.string("output_file_id");
  batch.error_file_id = root.string("error_file_id");
  return batch;
}

} // namespace embedctl::sandbox
