#include "sandbox/batch.hpp"

#include "json/writer.hpp"

namespace embedctl::sandbox {

namespace {

using json::Writer;

template <typename T>
void optional_field(Writer& writer, std::string_view name, const std::optional<T>& content) {
  writer.key(name);
  if (content)
    writer.value(*content);
  else
    writer.null();
}

std::optional<std::int64_t> seconds(const std::optional<Instant>& instant) {
  return instant ? std::optional(unix_seconds(*instant)) : std::nullopt;
}

void write_errors(Writer& writer, const Batch& batch) {
  writer.key("errors");
  if (batch.errors.empty()) {
    writer.null();
    return;
  }
  writer.begin_object().field("object", "list").key("data").begin_array();
  for (const InputError& error : batch.errors) {
    writer.begin_object().field("code", error.code).field("message", error.message);
    optional_field(writer, "param", error.param);
    optional_field(writer, "line", error.line);
    writer.end_object();
  }
  writer.end_array().end_object();
}

void write_times(Writer& writer, const Batch& batch) {
  const auto ended_as = [&](RemoteStatus status) {
    return batch.status == status ? seconds(batch.ended_at) : std::nullopt;
  };
  writer.field("created_at", unix_seconds(batch.created_at));
  optional_field(writer, "in_progress_at", seconds(batch.in_progress_at));
  writer.field("expires_at", unix_seconds(batch.expires_at));
  optional_field(writer, "finalizing_at", seconds(batch.finalizing_at));
  optional_field(writer, "completed_at", ended_as(RemoteStatus::completed));
  optional_field(writer, "failed_at", ended_as(RemoteStatus::failed));
  optional_field(writer, "expired_at", ended_as(RemoteStatus::expired));
  optional_field(writer, "cancelling_at", seconds(batch.cancelling_at));
  optional_field(writer, "cancelled_at", ended_as(RemoteStatus::cancelled));
}

void write_counts(Writer& writer, const BatchProgress& progress) {
  writer.key("request_counts")
      .begin_object()
      .field("total", progress.total)
      .field("completed", progress.completed)
      .field("failed", progress.failed)
      .end_object();
  writer.key("usage").begin_object().field("input_tokens", progress.billed_tokens);
  writer.key("input_tokens_details").begin_object().field("cached_tokens", 0).end_object();
  writer.field("output_tokens", 0);
  writer.key("output_tokens_details").begin_object().field("reasoning_tokens", 0).end_object();
  writer.field("total_tokens", progress.billed_tokens).end_object();
}

void write_metadata(Writer& writer, const std::map<std::string, std::string>& metadata) {
  writer.key("metadata");
  if (metadata.empty()) {
    writer.null();
    return;
  }
  writer.begin_object();
  for (const auto& [key, text] : metadata)
    writer.field(key, text);
  writer.end_object();
}

} // namespace

std::string Batch::json() const {
  std::string out;
  Writer writer(out);
  writer.begin_object()
      .field("id", id)
      .field("object", "batch")
      .field("endpoint", request.endpoint);
  optional_field(writer, "model", model.empty() ? std::nullopt : std::optional(model));
  write_errors(writer, *this);
  writer.field("input_file_id", request.input_file_id)
      .field("completion_window", request.completion_window)
      .field("status", to_string(status));
  optional_field(writer, "output_file_id", output_file_id);
  optional_field(writer, "error_file_id", error_file_id);
  write_times(writer, *this);
  write_counts(writer, progress);
  write_metadata(writer, request.metadata);
  writer.end_object();
  return out;
}

} // namespace embedctl::sandbox
