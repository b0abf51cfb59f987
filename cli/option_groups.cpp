#include "cli/option_groups.hpp"

#include "cli/format.hpp"
#include "entities/built_in.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

// The limit of pgvector's widest type.
constexpr int k_most_dims = 16'000;

// The largest LIMIT that Postgres accepts.
constexpr std::uint64_t k_most_rows = std::numeric_limits<std::int64_t>::max();

} // namespace

SelectionArguments::SelectionArguments()
    : model(entities::built_in_task().request.model) {}

void add_selection_options(OptionSet& set, SelectionArguments& options, std::string& run_dir) {
  set.group("Selection");
  set.uuid(
      "--family-id UUID", options.family_id, "embed the chunks of this family without a vector");
  set.text("--run-dir DIR", run_dir, "instead: resume the run in this folder");
  set.require_one_of({"--family-id", "--run-dir"});
  set.number("--limit N", options.limit, 0, k_most_rows, "select at most N rows")
      .shows_default("0, all");
  set.number(
      "--max-attempts N", options.max_attempts, 1, 1'000'000,
      "send a row that fails at most N times in all, as long as text and model are the same");
  set.flag("--retry-failed", options.retry_failed, "select rows that were set aside, too");
  set.text("--batches-dir DIR", options.batches_dir, "where run folders are created");

  set.group("Batches");
  set.number(
      "--max-requests-per-batch N", options.max_requests, 1, pipeline::BatchLimits::k_most_requests,
      "requests in one batch");
  set.size(
      "--max-bytes-per-batch SIZE", options.max_bytes, pipeline::BatchLimits::k_most_bytes,
      "size of one batch's input file");
  set.text("--model NAME", options.model, "embedding model");
  set.number("--dims N", options.dims, 1, k_most_dims, "dimensions of the vectors")
      .shows_default(std::to_string(entities::built_in_task().request.dims));
  set.choice(
      "--encoding base64|float", options.encoding,
      "how the provider sends vectors; base64 is a quarter of the size");
}

std::string as_arguments(const SelectionArguments& options) {
  const SelectionArguments usual;
  std::string text = " --family-id " + shell_quoted(options.family_id);
  const auto add_if_unusual = [&](const char* name, const auto& value, const auto& otherwise) {
    if (value != otherwise)
      text += fmt::format(" {} {}", name, shell_quoted(fmt::format("{}", value)));
  };
  add_if_unusual("--batches-dir", options.batches_dir, usual.batches_dir);
  add_if_unusual("--limit", options.limit, usual.limit);
  add_if_unusual("--max-requests-per-batch", options.max_requests, usual.max_requests);
  add_if_unusual("--max-bytes-per-batch", options.max_bytes, usual.max_bytes);
  add_if_unusual("--model", options.model, usual.model);
  add_if_unusual("--dims", options.dims, usual.dims);
  add_if_unusual("--encoding", options.encoding, usual.encoding);
  add_if_unusual("--max-attempts", options.max_attempts, usual.max_attempts);
  return text;
}

void add_provider_options(OptionSet& set, ProviderArguments& options) {
  set.group("Provider");
  set.number(
      "--retry-timeout SECONDS", options.retry_timeout_seconds, 0, 86'400,
      "how long to retry when the provider or the database does not respond");
  set.flag(
      "--provider-moved", options.moved,
      "the account that the run was sent with has a new address: continue there");
  set.text("--ca-file FILE", options.ca_file, "trust these certificates instead of the system's");
  set.flag(
      "--allow-insecure", options.allow_insecure,
      "allow OPENAI_BASE_URL to be http:// on another host");
}

void add_parallel_option(OptionSet& set, ProviderArguments& options) {
  set.group("Provider");
  set.number(
      "--parallel N", options.parallel, 1, 64, "batches uploaded or downloaded at the same time");
}

void add_sending_options(OptionSet& set, ProviderArguments& options) {
  add_parallel_option(set, options);
  set.number(
      "--doubt-grace SECONDS", options.doubt_grace_seconds, 0, 3'600,
      "if the reply to creating a batch is lost: how long to look for the batch before creating it "
      "again");
  set.flag(
      "--unlisted-model", options.unlisted_model,
      "send even if the provider lists models and --model is none of them");
}

pipeline::BatchExecutorOptions executor_options(const ProviderArguments& options) {
  pipeline::BatchExecutorOptions executor;
  executor.grace = std::chrono::seconds(options.doubt_grace_seconds);
  executor.unlisted_model = options.unlisted_model;
  return executor;
}

pipeline::AdvanceOptions
advance_options(const WriteArguments& writing, const ProviderArguments& provider) {
  pipeline::AdvanceOptions advance;
  advance.parallel = provider.parallel;
  advance.apply.write.chunk_size = writing.chunk_size;
  advance.apply.write.rows_per_second = writing.rows_per_second;
  advance.apply.redownload = writing.redownload;
  advance.apply.overwrite = writing.overwrite;
  advance.apply.keep_plain = writing.keep_plain;
  advance.apply.delete_inputs = !writing.keep_remote_files;
  advance.apply.delete_outputs = writing.delete_remote_outputs;
  advance.apply.accept_missing_rows = writing.accept_missing_rows;
  advance.apply.parallel = provider.parallel;
  advance.apply.provider_moved = provider.moved;
  advance.apply.patience = std::chrono::seconds(provider.retry_timeout_seconds);
  if (writing.index == "rebuild")
    advance.apply.index = pipeline::IndexPolicy::rebuild;
  else if (writing.index == "auto")
    advance.apply.index = pipeline::IndexPolicy::automatic;
  return advance;
}

void add_write_options(OptionSet& set, WriteArguments& options) {
  set.group("Writing");
  set.number("--update-chunk-size N", options.chunk_size, 1, 50'000, "rows per commit");
  set.number(
         "--max-rows-per-second N", options.rows_per_second, 0, 1'000'000'000,
         "write at most N rows per second")
      .shows_default("0, no limit");
  set.number(
         "--statement-timeout SECONDS", options.statement_timeout_seconds, 0, 86'400,
         "abort a statement that takes longer")
      .shows_default("0, as the server is configured");
  set.choice(
      "--index keep|rebuild|auto", options.index,
      "HNSW or IVFFlat index of the column: keep it; rebuild: drop it first and build it again "
      "afterwards; auto: rebuild if that is faster and allowed");
  set.flag(
      "--overwrite", options.overwrite,
      "replace existing vectors too, if the text is still the one that was embedded");
  set.flag(
      "--accept-missing-rows", options.accept_missing_rows,
      "settle a run even if none of its rows is in the table any more");
  set.flag("--redownload", options.redownload, "download result files again");
  set.flag(
      "--keep-remote-files", options.keep_remote_files,
      "leave a batch's input file at the provider after ingesting it");
  set.flag(
      "--delete-remote-outputs", options.delete_remote_outputs,
      "delete its result files there too; --redownload cannot fetch them again then");
  set.flag(
      "--keep-plain", options.keep_plain, "do not compress a batch's files after ingesting it");
}

void add_target_options(OptionSet& set, TargetArguments& options) {
  set.group("Selection");
  set.text("--run-dir DIR", options.run_dir, "the run folder");
  set.text("--batch-file FILE", options.batch_file, "instead: one batch, by its batch.json");
  set.require_one_of({"--run-dir", "--batch-file"});
}

Target target_of(const TargetArguments& options) {
  if (options.batch_file.empty())
    return {options.run_dir, std::nullopt};
  const auto address = store::address_of(options.batch_file);
  return {address.run_folder.string(), address.number};
}

} // namespace embedctl::cli
