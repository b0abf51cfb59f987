#include "cli/verify_command.hpp"

#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "pipeline/verify.hpp"
#include "json/writer.hpp"

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

// Rows compared in one transaction; nothing is written, so it only bounds memory.
constexpr std::size_t k_chunk_size = 1000;

std::string verification_json(const store::Run& run, const pipeline::Verification& verification) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .field("run_dir", run.paths().folder().string())
      .field("holds", verification.problems.empty())
      .field("rows_checked", verification.rows_checked)
      .field("rows_changed_since", verification.changed_since);
  writer.key("problems").begin_array();
  for (const std::string& problem : verification.problems)
    writer.value(problem);
  writer.end_array().end_object();
  return text;
}

std::string verification_text(const store::Run& run, const pipeline::Verification& verification) {
  std::string text;
  for (const std::string& problem : verification.problems)
    text += "problem: " + problem + "\n";
  text += fmt::format(
      "{}; {} compared with the database", row_totals(run.rows()),
      counted(verification.rows_checked, "row"));
  if (verification.changed_since > 0)
    text += fmt::format(", {} edited or deleted since", counted(verification.changed_since, "row"));
  return text
         + (verification.problems.empty() ? "\nverified: records match\n" : "\nverification failed\n");
}

} // namespace

void add_verify_options(OptionSet& set, VerifyArguments& options) {
  add_target_options(set, options.target);
}

int run_verify(const VerifyArguments& options, Context& context) {
  const Target target = target_of(options.target);
  const store::Run run = store::Run::load(target.run_dir);
  pipeline::check_filter(run, target.batch);
  const auto source = open_source(context, run.record().task);
  source->check();
  check_same_database(*source, run.record());
  const auto sink = open_sink(context, run.record().task, {}, {});
  const auto verification =
      pipeline::verify(run, target.batch, k_chunk_size, *sink, runtime_of(context));
  return print_result(
      context, verification.problems.empty() ? ExitCode::done : ExitCode::failed,
      verification_json(run, verification), verification_text(run, verification));
}

} // namespace embedctl::cli
