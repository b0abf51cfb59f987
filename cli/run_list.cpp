#include "cli/run_list.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/format.hpp"
#include "cli/table.hpp"
#include "store/prune.hpp"
#include "json/writer.hpp"

#include <chrono>

#include <fmt/format.h>

namespace embedctl::cli {

using store::BatchState;
using store::RunState;

namespace {

std::string task_name(const Task& task) {
  return task.entity + "." + task.name;
}

void write_run_line(
    json::Writer& writer, const store::Run& run, std::optional<std::uint64_t> bytes) {
  writer.begin_object()
      .field("run_dir", run.paths().folder().string())
      .field("task", task_name(run.task()))
      .field("scope", run.record().scope)
      .field("state", to_string(run.state()))
      .field("rows", run.rows().total())
      .field("created_at", run.record().created_at);
  if (bytes)
    writer.field("bytes", *bytes);
  writer.field("next", next_command(run)).end_object();
}

Table table_of_runs(bool sizes) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {
      {"RUN"}, {"TASK"}, {"SCOPE"}, {"STATE"}, {"ROWS", Align::right}, {"AGE", Align::right}};
  if (sizes)
    columns.push_back({"SIZE", Align::right});
  return Table(columns);
}

} // namespace

std::string words_for(RunState state) {
  switch (state) {
  case RunState::prepared:
    return "prepared, not sent";
  case RunState::incomplete:
    return "not all sent";
  case RunState::in_flight:
    return "in flight";
  case RunState::ended:
    return "ready to ingest";
  case RunState::finished:
    break;
  }
  return "finished";
}

std::string words_for(const store::Run& run, const store::BatchRecord& batch) {
  if (batch.state < BatchState::submitted)
    return run.record().dry_run ? "prepared, not sent" : "not sent yet";
  if (batch.was_refused() && !batch.is_ingested())
    return "refused";
  if (batch.state == BatchState::ended || batch.state == BatchState::downloaded)
    return "ready to ingest";
  return std::string(to_string(batch.state));
}

std::string next_command(const store::Run& run) {
  const RunState state = run.state();
  if (state == RunState::finished)
    return {};
  return fmt::format(
      "embedctl {} --run-dir {}", state == RunState::prepared ? "submit" : "run",
      shell_quoted(run.paths().folder().string()));
}

std::string next_line(const store::Run& run) {
  const std::string command = next_command(run);
  return command.empty() ? "" : "next: " + command + "\n";
}

RunList list_runs(
    const std::filesystem::path& batches_dir,
    const std::function<bool(const store::Run& run)>& wanted,
    bool sizes,
    Clock& clock) {
  RunList list;
  Table table = table_of_runs(sizes);
  std::string commands;
  json::Writer writer(list.json);
  writer.begin_array();
  for (const auto& folder : store::all_runs(batches_dir)) {
    try {
      const store::Run run = store::Run::load(folder);
      if (!wanted(run))
        continue;
      ++list.runs;
      const auto bytes = sizes ? std::optional(store::size_of(folder)) : std::nullopt;
      const std::chrono::seconds age(clock.unix_seconds() - run.record().created_at);
      std::vector<std::string> cells = {
          folder.string(),
          task_name(run.task()),
          run.record().scope,
          words_for(run.state()),
          human_count(run.rows().total()),
          human_duration(age)};
      if (bytes)
        cells.push_back(human_bytes(*bytes));
      table.add_row(cells);
      commands += next_line(run);
      write_run_line(writer, run, bytes);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::corrupt && error.kind() != ErrorKind::usage)
        throw;
      list.has_damaged = true;
      ++list.runs;
      table.add_row({folder.string(), "", "", std::string("cannot be read: ") + error.what()});
      writer.begin_object()
          .field("run_dir", folder.string())
          .field("state", "damaged")
          .field("error", error.what())
          .end_object();
    }
  }
  writer.end_array();
  list.text = table.empty() ? "" : table.text();
  if (!commands.empty())
    list.text += "\n" + commands;
  return list;
}

} // namespace embedctl::cli
