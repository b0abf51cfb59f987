#include "cli/forget_command.hpp"

#include "base/error.hpp"
#include "cli/connections.hpp"
#include "cli/exit_code.hpp"
#include "cli/format.hpp"
#include "cli/output.hpp"
#include "cli/run_report.hpp"
#include "pipeline/account.hpp"
#include "pipeline/forget.hpp"

#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

namespace embedctl::cli {

namespace {

// Throws unless a person agrees to pay for the rows again.
void confirm(const ForgetArguments& options, Context& context, int batch, std::uint64_t rows) {
  if (options.yes)
    return;
  const std::string what = fmt::format(
      "{} of batch {:03} without a result will be selected again and PAID FOR AGAIN",
      counted(rows, "row"), batch);
  if (::isatty(STDIN_FILENO) == 0)
    throw Error(
        ErrorKind::usage, what + "; nothing was changed", "to agree to that, give --yes");
  context.progress.close();
  write_stderr(what + "; give the results up? [y/N] ");
  std::string reply;
  std::getline(std::cin, reply);
  if (reply != "y" && reply != "Y" && reply != "yes")
    throw Error(ErrorKind::usage, "not confirmed; nothing was changed");
}

} // namespace

void add_forget_options(OptionSet& set, ForgetArguments& options) {
  set.group("Selection");
  set.text("--batch-file FILE", options.batch_file, "the batch, by its batch.json");
  set.require_one_of({"--batch-file"});
  set.flag("--yes", options.yes, "do not ask: the rows are paid for again");
  add_provider_options(set, options.provider);
}

int run_forget(const ForgetArguments& options, Context& context) {
  const auto address = store::address_of(options.batch_file);
  store::Run run = store::Run::load(address.run_folder);
  run.lock();
  pipeline::check_filter(run, address.number);
  Connections connections(
      context, run.record().task, {}, options.provider, executor_options(options.provider));
  connections.source().check();
  check_same_database(connections.source(), run.record());
  const pipeline::Ports ports = connections.ports();
  pipeline::check_account(run, ports.executor, options.provider.moved);

  store::BatchRecord& batch = *std::ranges::find(
      run.batches(), address.number, &store::BatchRecord::number);
  const std::uint64_t rows = pipeline::prepare_to_forget(run, batch, ports.executor);
  confirm(options, context, batch.number, rows);

  pipeline::AdvanceOptions advance = advance_options({}, options.provider);
  advance.only = batch.number;
  advance.send = false;
  advance.apply.give_up_as = pipeline::k_result_lost;
  throw_if_blocked(pipeline::advance(run, advance, ports));
  return print_result(
      context, exit_code_of(run, address.number), run_json(run, address.number),
      row_totals(batch.rows) + "\n" + list_hints(run));
}

} // namespace embedctl::cli
