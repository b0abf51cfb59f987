#include "cli/run_report.hpp"

#include "base/bytes.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/run_list.hpp"
#include "cli/table.hpp"
#include "pipeline/sender.hpp"
#include "store/tsv.hpp"
#include "json/writer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::cli {

using pipeline::BatchFilter;
using store::BatchRecord;
using store::BatchState;

namespace {

void write_rows(json::Writer& writer, const RowCounts& rows) {
  writer.key("rows").begin_object().field("selected", rows.total());
  for (std::size_t i = 0; i < k_row_states; ++i)
    writer.field(to_string(static_cast<RowState>(i)), rows[static_cast<RowState>(i)]);
  writer.end_object();
}

void write_text_or_null(json::Writer& writer, std::string_view key, const std::string& text) {
  writer.key(key);
  if (text.empty())
    writer.null();
  else
    writer.value(text);
}

// What the provider says.
std::string status_of(const BatchRecord& batch) {
  return batch.remote ? batch.remote->status_text : "-";
}

void write_batch(json::Writer& writer, const BatchRecord& batch) {
  const RequestCounts counts = batch.remote ? batch.remote->counts : RequestCounts{};
  writer.begin_object().field("number", batch.number).field("state", to_string(batch.state));
  write_text_or_null(writer, "batch_id", batch.batch_id);
  write_text_or_null(writer, "input_file_id", batch.input_file_id);
  writer.field("requests", batch.requests)
      .field("skipped", batch.skipped)
      .field("bytes", batch.bytes);
  write_text_or_null(writer, "status", batch.remote ? batch.remote->status_text : "");
  writer.key("request_counts")
      .begin_object()
      .field("total", counts.total)
      .field("completed", counts.completed)
      .field("failed", counts.failed)
      .end_object();
  writer.field("created_at", batch.remote ? batch.remote->created_at : 0)
      .field("expires_at", batch.remote ? batch.remote->expires_at : 0);
  if (batch.was_refused()) {
    const RemoteError refusal = pipeline::refusal_of(batch);
    writer.key("refused")
        .begin_object()
        .field("code", refusal.code)
        .field("message", refusal.message)
        .end_object();
  }
  writer.key("findings")
      .begin_object()
      .field("unknown_ids", batch.findings.unknown_ids)
      .field("repeated_lines", batch.findings.repeated_lines)
      .field("damaged_lines", batch.findings.damaged_lines)
      .end_object();
  writer.end_object();
}

void write_run(json::Writer& writer, const store::Run& run, const BatchFilter& filter) {
  RowCounts rows;
  for (const BatchRecord& batch : run.batches())
    if (pipeline::matches(filter, batch))
      rows += batch.rows;
  writer.field("run_dir", run.paths().folder().string())
      .field("state", to_string(run.state()))
      .field("rows_selected", rows.total())
      .field("books_balance", !run.imbalance());
  write_rows(writer, rows);
  writer.key("missing_indexes").begin_array();
  for (const VectorIndex& index : run.missing_indexes().indexes)
    writer.begin_object()
        .field("name", index.name)
        .field("table", index.table)
        .field("definition", index.definition)
        .end_object();
  writer.end_array().key("batches").begin_array();
  for (const BatchRecord& batch : run.batches())
    if (pipeline::matches(filter, batch))
      write_batch(writer, batch);
  writer.end_array();
}

void write_codes(json::Writer& writer, const char* name, const pipeline::RowsByCode& rows) {
  writer.key(name).begin_array();
  for (const auto& [code, count] : rows)
    writer.begin_object().field("code", code).field("rows", count).end_object();
  writer.end_array();
}

void write_submit(json::Writer& writer, const pipeline::SubmitReport& report) {
  if (report.run) {
    write_run(writer, *report.run, std::nullopt);
  } else {
    writer.key("run_dir").null();
    RowCounts rows;
    rows[RowState::skipped] = pipeline::total_of(report.skipped);
    writer.field("state", "nothing_to_do").field("rows_selected", rows.total());
    write_rows(writer, rows);
    writer.key("missing_indexes").begin_array().end_array();
    writer.key("batches").begin_array().end_array();
  }
  std::uint64_t held = 0;
  for (const auto& each : report.held)
    held += each.rows;
  writer.field("rows_in_flight_elsewhere", held);
  write_codes(writer, "set_aside", report.set_aside);
  write_codes(writer, "skipped", report.skipped);
}

std::string age_of(const BatchRecord& batch, std::int64_t now) {
  if (!batch.remote || batch.remote->created_at == 0)
    return "";
  return human_duration(std::chrono::seconds(now - batch.remote->created_at));
}

std::string expiry_of(const BatchRecord& batch, std::int64_t now) {
  if (batch.state != BatchState::submitted || !batch.remote || batch.remote->expires_at == 0)
    return "";
  return human_duration(std::chrono::seconds(batch.remote->expires_at - now));
}

} // namespace

std::string run_table(const store::Run& run, const BatchFilter& filter, Clock& clock) {
  using Align = Table::Align;
  Table table(
      {{"BATCH", Align::right},
       {"ID"},
       {"STATUS"},
       {"COMPLETED", Align::right},
       {"FAILED", Align::right},
       {"TOTAL", Align::right},
       {"AGE", Align::right},
       {"EXPIRES IN", Align::right},
       {"STATE"}});
  const std::int64_t now = clock.unix_seconds();
  for (const BatchRecord& batch : run.batches()) {
    if (!pipeline::matches(filter, batch))
      continue;
    const RequestCounts counts = batch.remote ? batch.remote->counts : RequestCounts{};
    table.add_row(
        {fmt::format("{:03}", batch.number), batch.batch_id.empty() ? "-" : batch.batch_id,
         status_of(batch), std::to_string(counts.completed), std::to_string(counts.failed),
         std::to_string(batch.remote ? counts.total : static_cast<std::int64_t>(batch.requests)),
         age_of(batch, now), expiry_of(batch, now), words_for(run, batch)});
  }
  std::string text = table.text();
  for (const BatchRecord& batch : run.batches())
    if (pipeline::matches(filter, batch) && batch.was_refused()) {
      const RemoteError refusal = pipeline::refusal_of(batch);
      text += fmt::format(
          "batch {:03} was refused: {}: {}{}\n", batch.number, printable(refusal.code),
          printable(refusal.message),
          batch.remote->error_count > 1
              ? fmt::format(
                    " (and {} more errors)",
                    human_count(static_cast<std::uint64_t>(batch.remote->error_count - 1)))
              : "");
    }
  text += fmt::format(
      "\nrun    {} ({})\nrows   {}\n", run.paths().folder().string(), words_for(run.state()),
      row_totals(run.rows()));
  if (const auto imbalance = run.imbalance())
    text += fmt::format("records  DO NOT MATCH: {}\n", *imbalance);
  for (const VectorIndex& index : run.missing_indexes().indexes)
    text += fmt::format(
        "index  IS MISSING: {}; rebuild it with: embedctl ingest --run-dir {}\n",
        printable(index.name), shell_quoted(run.paths().folder().string()));
  return text;
}

std::string row_totals(const RowCounts& rows) {
  std::string parts;
  for (std::size_t i = 0; i < k_row_states; ++i) {
    const auto state = static_cast<RowState>(i);
    if (rows[state] > 0)
      parts += fmt::format(
          "{}{} {}", parts.empty() ? ": " : ", ", human_count(rows[state]), to_string(state));
  }
  return counted(rows.total(), "row") + " selected" + parts;
}

std::string run_json(const store::Run& run, const BatchFilter& filter) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  write_run(writer, run, filter);
  writer.end_object();
  return text;
}

std::string submit_json(const pipeline::SubmitReport& report) {
  return runs_json(report, {});
}

std::string
runs_json(const pipeline::SubmitReport& report, const std::vector<store::Run>& earlier) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  write_submit(writer, report);
  writer.key("earlier_runs").begin_array();
  for (const store::Run& run : earlier) {
    writer.begin_object();
    write_run(writer, run, std::nullopt);
    writer.end_object();
  }
  writer.end_array().end_object();
  return text;
}

void throw_if_blocked(const pipeline::Outcome& outcome) {
  if (const auto* blocked = std::get_if<pipeline::Blocked>(&outcome))
    throw blocked->why;
}

std::string selection_text(const pipeline::SubmitReport& report, const Task& task) {
  std::string text;
  for (const auto& held : report.held)
    text += fmt::format(
        "{} already in flight ({})\n", counted(held.rows, "row"), printable(held.run));
  if (!report.set_aside.empty())
    text += fmt::format(
        "{} set aside ({}); see: embedctl failures\n",
        counted(pipeline::total_of(report.set_aside), "row"), grouped(report.set_aside));
  if (!report.run && !report.skipped.empty())
    text += fmt::format(
        "{} skipped ({}); see: embedctl failures\n",
        counted(pipeline::total_of(report.skipped), "row"), grouped(report.skipped));
  if (!report.run)
    text += fmt::format(
        "nothing {}to embed: {} of {} of this {} have a vector\n",
        report.held.empty() && report.set_aside.empty() ? "" : "else ", human_count(report.scope.filled),
        counted(report.scope.rows, "row"), task.scopes.noun);
  return text;
}

int exit_code_without_run(const pipeline::SubmitReport& report) {
  return report.skipped.empty() ? ExitCode::done : ExitCode::rows_failed;
}

std::string grouped(const pipeline::RowsByCode& rows) {
  std::vector<std::pair<std::uint64_t, std::string>> by_count;
  for (const auto& [code, count] : rows)
    by_count.emplace_back(count, code);
  std::stable_sort(by_count.begin(), by_count.end(), [](const auto& a, const auto& b) {
    return a.first > b.first;
  });
  std::string text;
  for (const auto& [count, code] : by_count)
    text += fmt::format(
        "{}{} × {}", text.empty() ? "" : ", ", human_count(count), printable(code));
  return text;
}

std::string list_hints(const store::Run& run) {
  const RowCounts rows = run.rows();
  std::string text;
  const auto hint = [&](RowState state, store::fs::path (store::BatchPaths::*list)() const) {
    if (rows[state] == 0)
      return;
    pipeline::RowsByCode codes;
    for (const BatchRecord& batch : run.batches())
      if (batch.rows[state] > 0)
        store::for_each_line((run.paths(batch).*list)(), [&](const std::vector<std::string>& line) {
          if (line.size() >= 2)
            ++codes[line[1]];
        });
    text += fmt::format(
        "{} {}{}: see {}/batch_*/{}\n", counted(rows[state], "row"), to_string(state),
        codes.empty() || state == RowState::stale ? "" : fmt::format(" ({})", grouped(codes)),
        run.paths().batches().string(), (run.paths().batch(1).*list)().filename().string());
  };
  hint(RowState::failed, &store::BatchPaths::failed);
  hint(RowState::skipped, &store::BatchPaths::skipped);
  hint(RowState::stale, &store::BatchPaths::left);
  return text;
}

int exit_code_of(const store::Run& run, const BatchFilter& filter) {
  if (run.imbalance())
    return ExitCode::failed;
  if (!run.missing_indexes().indexes.empty())
    return ExitCode::not_done;
  RowCounts rows;
  for (const BatchRecord& batch : run.batches()) {
    if (!pipeline::matches(filter, batch))
      continue;
    if (!batch.is_ingested())
      return ExitCode::not_done;
    rows += batch.rows;
  }
  return rows[RowState::failed] + rows[RowState::skipped] > 0 ? ExitCode::rows_failed
                                                              : ExitCode::done;
}

} // namespace embedctl::cli
