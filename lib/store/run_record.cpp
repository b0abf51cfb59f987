#include "store/run_record.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "store/fields.hpp"
#include "store/layout.hpp"
#include "store/task_fields.hpp"
#include "json/writer.hpp"

#include <array>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace embedctl::store {

namespace {

constexpr int k_format = 2;

constexpr std::uint64_t k_largest_record = std::uint64_t{1} << 20;

constexpr std::array<const char*, 3> k_selection_names = {"running", "complete", "interrupted"};

SelectionState selection_from(const Fields& fields) {
  const std::string name = fields.string("selection");
  for (std::size_t i = 0; i < k_selection_names.size(); ++i)
    if (name == k_selection_names[i])
      return static_cast<SelectionState>(i);
  fields.refuse(fmt::format("unknown selection \"{}\"", name));
}

void write_optional(json::Writer& writer, const std::optional<std::uint64_t>& number) {
  if (number)
    writer.value(*number);
  else
    writer.null();
}

void write_provider(json::Writer& writer, const std::optional<ProviderIdentity>& provider) {
  if (!provider) {
    writer.null();
    return;
  }
  writer.begin_object()
      .field("base_url", provider->base_url)
      .field("organization", provider->organization)
      .field("project", provider->project)
      .end_object();
}

ProviderIdentity read_provider(const Fields& fields) {
  return {fields.string("base_url"), fields.string("organization"), fields.string("project")};
}

} // namespace

RunRecord load_run_record(const std::filesystem::path& path) {
  std::error_code no_folder;
  const auto text = std::filesystem::is_directory(path.parent_path(), no_folder)
                        ? read_file_if_any(path, k_largest_record)
                        : std::nullopt;
  if (!text)
    throw Error(
        ErrorKind::usage,
        fmt::format("\"{}\" is not a run folder (run.json not found)", path.parent_path().string()),
        "give the folder that `embedctl submit` printed, batches/<scope>/run_<time>");
  const Fields fields(path, *text, k_format);
  RunRecord record;
  record.version = fields.string("version");
  record.run_id = fields.string("run_id");
  record.created_at = fields.integer("created_at");
  record.scope = fields.string("scope");
  if (fields.format() == 1) {
    record.task = read_task_of_format_1(fields);
  } else {
    record.task = read_task(fields.object("task"));
    record.executor = fields.string("executor");
    record.table = fields.string("table");
    if (fields.value().find("provider"))
      record.provider = read_provider(fields.object("provider"));
  }
  const Fields database = fields.object("database");
  record.database = {database.string("name"), database.string("system_identifier")};
  record.max_requests_per_batch = fields.count("max_requests_per_batch");
  record.max_bytes_per_batch = fields.count("max_bytes_per_batch");
  if (fields.value().find("limit"))
    record.limit = fields.count("limit");
  record.dry_run = fields.boolean("dry_run");
  record.selection = selection_from(fields);
  if (fields.value().find("rows_selected"))
    record.rows_selected = fields.count("rows_selected");
  record.finished = fields.boolean("finished");
  return record;
}

bool is_surely_finished(const std::filesystem::path& path) {
  // As save_run_record() writes them, whole or not at all.
  static const std::string k_begin = fmt::format("{{\n  \"format\": {},\n", k_format);
  constexpr std::string_view k_end = "\n  \"finished\": true\n}\n";
  const auto text = read_file_if_any(path, k_largest_record);
  return text && text->starts_with(k_begin) && text->ends_with(k_end);
}

void save_run_record(const std::filesystem::path& path, const RunRecord& record) {
  std::string text;
  json::Writer writer(text, json::Writer::Style::indented);
  writer.begin_object()
      .field("format", k_format)
      .field("version", record.version)
      .field("run_id", record.run_id)
      .field("created_at", record.created_at);
  write_task(writer.key("task"), record.task);
  writer.field("scope", record.scope).field("executor", record.executor);
  write_provider(writer.key("provider"), record.provider);
  writer.key("database")
      .begin_object()
      .field("name", record.database.name)
      .field("system_identifier", record.database.system_identifier)
      .end_object();
  writer.field("table", record.table);
  writer.field("max_requests_per_batch", record.max_requests_per_batch)
      .field("max_bytes_per_batch", record.max_bytes_per_batch)
      .key("limit");
  write_optional(writer, record.limit);
  writer.field("dry_run", record.dry_run)
      .field("selection", k_selection_names[static_cast<std::size_t>(record.selection)])
      .key("rows_selected");
  write_optional(writer, record.rows_selected);
  writer.field("finished", record.finished).end_object();
  write_file_atomically(path, text + "\n");
}

} // namespace embedctl::store
