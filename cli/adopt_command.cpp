#include "cli/adopt_command.hpp"

#include "base/bytes.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "json/writer.hpp"
#include "pipeline/adopt.hpp"

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

std::string adoption_json(const store::Run& run, const pipeline::Adoption& adoption) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object()
      .field("run_dir", run.paths().folder().string())
      .field("database", run.record().database.name)
      .field("rows", adoption.rows)
      .field("rows_unchanged", adoption.unchanged)
      .end_object();
  return text;
}

} // namespace

void add_adopt_options(OptionSet& set, AdoptArguments& options) {
  set.text("--run-dir DIR", options.run_dir, "the run that DATABASE_URL's database takes over");
  set.require_one_of({"--run-dir"});
}

int run_adopt(const AdoptArguments& options, Context& context) {
  store::Run run = store::Run::load(options.run_dir);
  run.lock();
  const auto source = open_source(context, run.task());
  source->check();
  const std::string before = run.record().database.name;
  const auto adoption = pipeline::adopt(run, *source);
  return print_result(
      context, ExitCode::done, adoption_json(run, adoption),
      fmt::format(
          "{} of {} in flight are in database \"{}\" with the same text\n"
          "the run belongs to it now, and no longer to \"{}\"\n"
          "resume it with: embedctl run --run-dir {}\n",
          human_count(adoption.unchanged), counted(adoption.rows, "row"),
          printable(run.record().database.name), printable(before), shell_quoted(options.run_dir)));
}

} // namespace embedctl::cli
