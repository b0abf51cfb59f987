#include "cli/runs_command.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_list.hpp"
#include "store/prune.hpp"
#include "json/writer.hpp"

#include <vector>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

struct Kept {
  std::string run_dir;
  std::string why;
};

struct Pruned {
  std::vector<std::string> run_dirs;
  std::uint64_t bytes = 0;
  std::vector<Kept> kept; // old enough
};

void prune_one(
    const store::fs::path& folder,
    const PruneArguments& options,
    Context& context,
    Pruned& pruned) {
  try {
    const store::Run run = store::Run::load(folder);
    const std::int64_t age = context.clock.unix_seconds() - store::last_change_of(run);
    if (age < static_cast<std::int64_t>(options.older_than))
      return;
    if (const std::string why = store::reason_to_keep(run); !why.empty()) {
      pruned.kept.push_back({folder.string(), why});
      return;
    }
    const std::uint64_t bytes = store::size_of(folder);
    if (!options.dry_run)
      store::remove_run(folder);
    pruned.run_dirs.push_back(folder.string());
    pruned.bytes += bytes;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::io)
      throw;
    pruned.kept.push_back({folder.string(), error.what()});
  }
}

std::string pruned_json(const Pruned& pruned) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object().key("removed").begin_array();
  for (const std::string& run_dir : pruned.run_dirs)
    writer.value(run_dir);
  writer.end_array().field("bytes", pruned.bytes).key("kept").begin_array();
  for (const Kept& kept : pruned.kept)
    writer.begin_object().field("run_dir", kept.run_dir).field("why", kept.why).end_object();
  writer.end_array().end_object();
  return text;
}

std::string pruned_text(const Pruned& pruned, bool dry_run) {
  std::string text;
  for (const Kept& kept : pruned.kept)
    text += fmt::format("kept {}: {}\n", printable(kept.run_dir), printable(kept.why));
  if (dry_run)
    for (const std::string& run_dir : pruned.run_dirs)
      text += fmt::format("would remove {}\n", printable(run_dir));
  return text
         + fmt::format(
             "{}{}, {}\n", dry_run ? "nothing was removed; without --dry-run: " : "removed ",
             counted(pruned.run_dirs.size(), "run"), human_bytes(pruned.bytes));
}

} // namespace

void add_runs_options(OptionSet& set, RunsArguments& options) {
  set.group("Selection");
  set.text("--batches-dir DIR", options.batches_dir, "where the run folders are");
}

int run_runs(const RunsArguments& options, Context& context) {
  const RunList list = list_runs(
      options.batches_dir, [](const store::Run&) { return true; }, true, context.clock);
  return print_result(
      context, list.has_damaged ? ExitCode::failed : ExitCode::done,
      fmt::format("{{\"runs\":{}}}", list.json), list.runs == 0 ? "no runs\n" : list.text);
}

void add_prune_options(OptionSet& set, PruneArguments& options) {
  set.group("Selection");
  set.age(
      "--older-than TIME", options.older_than,
      "remove finished runs that have not changed for so long: 30d, 12h");
  set.require_one_of({"--older-than"});
  set.text("--batches-dir DIR", options.batches_dir, "where the run folders are");
  set.flag("--dry-run", options.dry_run, "list what would be removed, remove nothing");
}

int run_prune(const PruneArguments& options, Context& context) {
  Pruned pruned;
  if (!options.dry_run)
    store::finish_removals(options.batches_dir);
  for (const auto& folder : store::all_runs(options.batches_dir)) {
    context.stop.throw_if_requested();
    prune_one(folder, options, context, pruned);
  }
  return print_result(
      context, ExitCode::done, pruned_json(pruned), pruned_text(pruned, options.dry_run));
}

} // namespace embedctl::cli
