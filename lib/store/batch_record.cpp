#include "store/batch_record.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "store/fields.hpp"
#include "store/layout.hpp"
#include "json/writer.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::store {

namespace {

constexpr int k_format = 2;

// The provider reports one error per bad line of an input file, so its response may be long.
constexpr std::uint64_t k_largest_record = std::uint64_t{64} << 20;

constexpr std::array<std::string_view, 11> k_state_names = {
    "planned",   "written", "uploading",  "uploaded", "creating",
    "submitted", "ended",   "downloaded", "ingested", "archived", "replaced"};

BatchState state_from(const Fields& fields) {
  const std::string name = fields.string("state");
  for (std::size_t i = 0; i < k_state_names.size(); ++i)
    if (name == k_state_names[i])
      return static_cast<BatchState>(i);
  fields.refuse(fmt::format("unknown state \"{}\"", name));
}

RemoteStatus status_from(const Fields& fields) {
  const std::string name = fields.string("status");
  for (int i = 0; i <= static_cast<int>(RemoteStatus::unknown); ++i)
    if (name == to_string(static_cast<RemoteStatus>(i)))
      return static_cast<RemoteStatus>(i);
  fields.refuse(fmt::format("unknown status \"{}\"", name));
}

enum class Answer { with, without };

void write_remote(json::Writer& writer, const RemoteBatch& remote, Answer answer) {
  writer.begin_object()
      .field("id", remote.id)
      .field("status", to_string(remote.status))
      .field("status_text", remote.status_text)
      .field("input_file_id", remote.input_file_id)
      .field("output_file_id", remote.output_file_id)
      .field("error_file_id", remote.error_file_id)
      .field("created_at", remote.created_at)
      .field("expires_at", remote.expires_at);
  writer.key("request_counts")
      .begin_object()
      .field("total", remote.counts.total)
      .field("completed", remote.counts.completed)
      .field("failed", remote.counts.failed)
      .field("told", remote.counts.told)
      .end_object();
  writer.key("errors").begin_array();
  for (const RemoteError& error : remote.errors) {
    writer.begin_object().field("code", error.code).field("message", error.message);
    if (error.line)
      writer.field("line", *error.line);
    writer.end_object();
  }
  writer.end_array();
  writer.field("error_count", remote.error_count);
  writer.key("answer");
  if (remote.json.empty() || answer == Answer::without)
    writer.null();
  else
    writer.raw(remote.json);
  writer.end_object();
}

RemoteBatch read_remote(const Fields& fields) {
  RemoteBatch remote;
  remote.id = fields.string("id");
  remote.status = status_from(fields);
  remote.status_text = fields.string("status_text");
  remote.input_file_id = fields.string("input_file_id");
  remote.output_file_id = fields.string("output_file_id");
  remote.error_file_id = fields.string("error_file_id");
  remote.created_at = fields.integer("created_at");
  remote.expires_at = fields.integer("expires_at");
  const Fields counts = fields.object("request_counts");
  remote.counts = {counts.integer("total"), counts.integer("completed"), counts.integer("failed")};
  const RequestCounts& told = remote.counts;
  remote.counts.told =
      counts.value().boolean("told").value_or(told.total + told.completed + told.failed > 0);
  fields.for_each("errors", [&](const Fields& error) {
    remote.errors.push_back(
        {error.string("code"), error.string("message"), error.value().integer("line")});
  });
  remote.error_count = fields.value().integer("error_count").value_or(
      static_cast<std::int64_t>(remote.errors.size()));
  if (const auto answer = fields.value().find("answer"))
    remote.json = answer->dump();
  return remote;
}

void write_unsettled(json::Writer& writer, const std::optional<Unsettled>& unsettled) {
  if (!unsettled) {
    writer.null();
    return;
  }
  writer.begin_object()
      .field("at", unsettled->at)
      .field("why", unsettled->why)
      .field("lost", unsettled->lost)
      .end_object();
}

void write_rows(json::Writer& writer, const RowCounts& rows) {
  writer.begin_object();
  for (std::size_t i = 0; i < k_row_states; ++i)
    writer.field(to_string(static_cast<RowState>(i)), rows[static_cast<RowState>(i)]);
  writer.end_object();
}

RowCounts read_rows(const Fields& fields) {
  RowCounts rows;
  for (std::size_t i = 0; i < k_row_states; ++i)
    rows[static_cast<RowState>(i)] =
        fields.count(std::string(to_string(static_cast<RowState>(i))).c_str());
  return rows;
}

std::string to_json(const BatchRecord& record, Answer answer) {
  std::string text;
  json::Writer writer(text, json::Writer::Style::indented);
  writer.begin_object()
      .field("format", k_format)
      .field("number", record.number)
      .field("state", to_string(record.state))
      .field("requests", record.requests)
      .field("asked", record.asked)
      .field("skipped", record.skipped)
      .field("bytes", record.bytes)
      .field("sha256", record.sha256)
      .field("upload_attempt", record.upload_attempt)
      .field("create_attempt", record.create_attempt)
      .field("input_file_id", record.input_file_id)
      .field("input_file_created_at", record.input_file_created_at)
      .field("batch_id", record.batch_id);
  writer.key("provider");
  if (record.remote)
    write_remote(writer, *record.remote, answer);
  else
    writer.null();
  writer.key("refusals").begin_array();
  for (const Refusal& refusal : record.refusals)
    writer.begin_object()
        .field("at", refusal.at)
        .field("batch_id", refusal.batch_id)
        .field("code", refusal.code)
        .field("message", refusal.message)
        .end_object();
  writer.end_array().field("refused_at", record.refused_at);
  writer.field("in_doubt", record.in_doubt).key("duplicates").begin_array();
  for (const std::string& id : record.duplicates)
    writer.begin_object().field("batch_id", id).end_object();
  writer.end_array()
      .field("fetched_again", record.fetched_again)
      .field("errors_lost", record.errors_lost);
  write_unsettled(writer.key("unsettled"), record.unsettled);
  writer.key("replaced_by").begin_array();
  for (const int number : record.replaced_by)
    writer.value(number);
  writer.end_array().field("generation", record.generation);
  write_rows(writer.key("rows"), record.rows);
  writer.field("failures_counted", record.failures_counted).key("deleted_files").begin_array();
  for (const std::string& id : record.deleted_files)
    writer.begin_object().field("file_id", id).end_object();
  writer.end_array();
  writer.key("findings")
      .begin_object()
      .field("unknown_ids", record.findings.unknown_ids)
      .field("repeated_lines", record.findings.repeated_lines)
      .field("damaged_lines", record.findings.damaged_lines)
      .end_object();
  writer.key("archives").begin_array();
  for (const Archive& archive : record.archives)
    writer.begin_object()
        .field("file", archive.file)
        .field("bytes", archive.bytes)
        .field("sha256", archive.sha256)
        .end_object();
  writer.end_array().end_object();
  return text + "\n";
}

} // namespace

std::string_view to_string(BatchState state) {
  return k_state_names[static_cast<std::size_t>(state)];
}

BatchRecord load_batch_record(const std::filesystem::path& path) {
  const auto text = read_file_if_any(path, k_largest_record);
  if (!text)
    throw Error(
        ErrorKind::usage, fmt::format("\"{}\" does not exist", path.string()),
        "give the batch.json of a batch folder, batches/<scope>/run_<time>/batches/batch_001");
  const Fields fields(path, *text, k_format);
  BatchRecord record;
  record.number = fields.small_count("number");
  record.state = state_from(fields);
  record.requests = fields.count("requests");
  record.asked = fields.format() == 1 ? record.requests : fields.count("asked");
  record.skipped = fields.count("skipped");
  record.bytes = fields.count("bytes");
  record.sha256 = fields.string("sha256");
  record.upload_attempt = fields.small_count("upload_attempt");
  record.create_attempt = fields.small_count("create_attempt");
  record.input_file_id = fields.string("input_file_id");
  record.input_file_created_at = fields.integer("input_file_created_at");
  record.batch_id = fields.string("batch_id");
  if (fields.value().find("provider"))
    record.remote = read_remote(fields.object("provider"));
  fields.for_each("refusals", [&](const Fields& refusal) {
    record.refusals.push_back(
        {refusal.integer("at"), refusal.string("batch_id"), refusal.string("code"),
         refusal.string("message")});
  });
  record.refused_at = fields.format() == 1 ? 0 : fields.integer("refused_at");
  record.in_doubt = fields.boolean("in_doubt");
  fields.for_each("duplicates", [&](const Fields& each) {
    record.duplicates.push_back(each.string("batch_id"));
  });
  record.fetched_again = fields.boolean("fetched_again");
  record.errors_lost = fields.value().boolean("errors_lost").value_or(false);
  if (fields.value().find("unsettled")) {
    const Fields unsettled = fields.object("unsettled");
    record.unsettled = {
        unsettled.integer("at"), unsettled.string("why"), unsettled.boolean("lost")};
  }
  if (const auto children = fields.value().find("replaced_by"))
    children->for_each([&](const json::Value& number) {
      record.replaced_by.push_back(static_cast<int>(number.as_int().value_or(0)));
    });
  if (fields.value().find("generation"))
    record.generation = fields.small_count("generation");
  record.rows = read_rows(fields.object("rows"));
  if (!record.is_balanced())
    fields.refuse(fmt::format(
        "{} rows have a state, and {} were selected", record.rows.total(),
        record.asked + record.skipped));
  record.failures_counted = fields.value().boolean("failures_counted").value_or(false);
  if (fields.value().find("deleted_files"))
    fields.for_each("deleted_files", [&](const Fields& each) {
      record.deleted_files.push_back(each.string("file_id"));
    });
  const Fields findings = fields.object("findings");
  record.findings = {
      findings.count("unknown_ids"), findings.count("repeated_lines"),
      findings.count("damaged_lines")};
  // Not in records that were made before there were any.
  if (fields.value().find("archives"))
    fields.for_each("archives", [&](const Fields& archive) {
      record.archives.push_back(
          {archive.string("file"), archive.count("bytes"), archive.string("sha256")});
    });
  return record;
}

void save_batch_record(const std::filesystem::path& path, const BatchRecord& record) {
  std::string text = to_json(record, Answer::with);
  // An answer that is not valid JSON or is nested too deep where it stands here would make the
  // record one that nobody can read again.
  if (!json::Document::try_parse(text))
    text = to_json(record, Answer::without);
  write_file_atomically(path, text);
}

} // namespace embedctl::store
