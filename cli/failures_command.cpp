#include "cli/failures_command.hpp"

#include "base/bytes.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "cli/table.hpp"
#include "store/failures.hpp"
#include "json/writer.hpp"

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

using Visit = std::function<void(std::string_view key, const store::Failure& failure)>;

void for_each_failure(const std::string& batches_dir, const Visit& visit) {
  for (const auto& file : store::all_failures_files(batches_dir))
    store::Failures::load(file).for_each(visit);
}

std::string failures_json(const std::string& batches_dir) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().key("failures").begin_array();
  for_each_failure(batches_dir, [&](std::string_view key, const store::Failure& failure) {
    writer.begin_object()
        .field("key", printable(key))
        .field("code", printable(failure.code))
        .field("times", failure.times)
        .field("last_seen", failure.last_seen)
        .end_object();
  });
  writer.end_array().end_object();
  return text;
}

std::string failures_text(const std::string& batches_dir) {
  using Align = Table::Align;
  Table table({{"KEY"}, {"CODE"}, {"TIMES SENT", Align::right}, {"LAST SEEN"}});
  pipeline::RowsByCode codes;
  for_each_failure(batches_dir, [&](std::string_view key, const store::Failure& failure) {
    table.add_row(
        {std::string(key), failure.code, std::to_string(failure.times),
         local_time(failure.last_seen)});
    ++codes[failure.code];
  });
  if (table.empty())
    return "no failures\n";
  return fmt::format(
      "{}\n{} ({})\nselect rows that were set aside again with: embedctl submit --retry-failed\n",
      table.text(), counted(pipeline::total_of(codes), "row"), grouped(codes));
}

} // namespace

void add_failures_options(OptionSet& set, FailuresArguments& options) {
  set.group("Selection");
  set.text("--batches-dir DIR", options.batches_dir, "where the run folders are");
}

int run_failures(const FailuresArguments& options, Context& context) {
  return print_result(
      context, ExitCode::done, context.common.json ? failures_json(options.batches_dir) : "",
      context.common.json ? "" : failures_text(options.batches_dir));
}

} // namespace embedctl::cli
