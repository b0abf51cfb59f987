#include "cli/option_groups.hpp"

#include "base/error.hpp"
#include "cli/common_options.hpp"
#include "cli/format.hpp"
#include "entities/built_in.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

// pgvector's own limit for the widest type.
constexpr int k_most_dims = 16'000;

// What Postgres takes behind LIMIT. A negative wish, which turns into a huge one, is above it.
constexpr std::uint64_t k_most_rows = std::numeric_limits<std::int64_t>::max();

} // namespace

SelectionOptions::SelectionOptions()
    : model(entities::built_in_task().request.model), dims(entities::built_in_task().request.dims) {}

void add_selection_options(CLI::App& app, SelectionOptions& options, std::string& run_dir) {
  CLI::Option* family = add(
      app, "--family-id", options.family_id, "Embed the chunks of this family that have no vector");
  CLI::Option* run = add(app, "--run-dir", run_dir, "Go on with this run folder instead");
  exclusive({family, run});
  add(app, "--batches-dir", options.batches_dir, "Where run folders are made")->check(filled());
  add(app, "--limit", options.limit, "Select at most so many rows; 0 is all")
      ->check(CLI::Range(std::uint64_t{0}, k_most_rows));
  add(app, "--max-requests-per-batch", options.max_requests, "Rows in one batch")
      ->check(CLI::Range(std::uint64_t{1}, pipeline::BatchLimits::k_most_requests));
  add(app, "--max-bytes-per-batch", options.max_bytes, "Bytes in one batch's input file")
      ->transform(byte_size())
      ->check(CLI::Range(std::uint64_t{1}, pipeline::BatchLimits::k_most_bytes));
  add(app, "--model", options.model, "Embedding model")->check(filled());
  add(app, "--dims", options.dims, "Width of the vectors")->check(CLI::Range(1, k_most_dims));
  add(app, "--encoding", options.encoding, "How vectors are asked for")
      ->check(CLI::IsMember({"base64", "float"}));
}

std::string as_arguments(const SelectionOptions& options) {
  const SelectionOptions usual;
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
  return text;
}

void add_provider_options(CLI::App& app, ProviderOptions& options) {
  add(app, "--retry-timeout", options.retry_timeout_seconds,
      "Seconds to go on trying when the provider or the database does not answer")
      ->check(CLI::Range(0, 86'400));
  add(app, "--provider-moved", options.moved,
      "The account that the run was sent with has a new address: go on with it there");
  add(app, "--ca-file", options.ca_file, "Certificates to trust instead of the system's");
  add(app, "--allow-insecure", options.allow_insecure,
      "Let OPENAI_BASE_URL be plain http to another machine");
}

void add_parallel_option(CLI::App& app, ProviderOptions& options) {
  add(app, "--parallel", options.parallel, "Batches sent, or their results fetched, at a time")
      ->check(CLI::Range(std::size_t{1}, std::size_t{64}));
}

void add_sending_options(CLI::App& app, ProviderOptions& options) {
  add_parallel_option(app, options);
  add(app, "--doubt-grace", options.doubt_grace_seconds,
      "Seconds that a batch whose creation got no answer may take to show at the provider")
      ->check(CLI::Range(0, 3'600));
}

pipeline::BatchExecutorOptions executor_options(const ProviderOptions& options) {
  pipeline::BatchExecutorOptions executor;
  executor.grace = std::chrono::seconds(options.doubt_grace_seconds);
  return executor;
}

pipeline::AdvanceOptions
advance_options(const WriteOptions& writing, const ProviderOptions& provider) {
  pipeline::AdvanceOptions advance;
  advance.parallel = provider.parallel;
  advance.apply.write.chunk_size = writing.chunk_size;
  advance.apply.write.rows_per_second = writing.rows_per_second;
  advance.apply.redownload = writing.redownload;
  advance.apply.overwrite = writing.overwrite;
  advance.apply.keep_plain = writing.keep_plain;
  advance.apply.parallel = provider.parallel;
  advance.apply.provider_moved = provider.moved;
  if (writing.index == "rebuild")
    advance.apply.index = pipeline::IndexPolicy::rebuild;
  else if (writing.index == "auto")
    advance.apply.index = pipeline::IndexPolicy::automatic;
  return advance;
}

void add_write_options(CLI::App& app, WriteOptions& options) {
  add(app, "--update-chunk-size", options.chunk_size, "Rows written per commit")
      ->check(CLI::Range(std::size_t{1}, std::size_t{50'000}));
  add(app, "--max-rows-per-second", options.rows_per_second,
      "Write no faster, to spare the database; 0: as fast as it goes")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1'000'000'000}));
  add(app, "--overwrite", options.overwrite,
      "Write also where a vector is, if the text is still the one embedded");
  add(app, "--statement-timeout", options.statement_timeout_seconds,
      "Seconds that Postgres may work on one statement; 0: as the server is configured")
      ->check(CLI::Range(0, 86'400));
  add(app, "--redownload", options.redownload, "Fetch result files again although they are here");
  add(app, "--keep-plain", options.keep_plain,
      "Leave the files of a batch as they are once it is ingested: do not pack them");
  add(app, "--index", options.index,
      "What becomes of an HNSW or IVFFlat index that slows the writing down: keep it; rebuild: "
      "drop it first and build it again afterwards; auto: rebuild where that is faster and allowed")
      ->check(CLI::IsMember({"keep", "rebuild", "auto"}));
}

void add_target_options(CLI::App& app, TargetOptions& options) {
  CLI::Option* run = add(app, "--run-dir", options.run_dir, "The run folder");
  CLI::Option* batch =
      add(app, "--batch-file", options.batch_file,
          "Instead of the run folder: only the batch whose batch.json this is");
  exclusive({run, batch});
}

Target target_of(const TargetOptions& options) {
  if (!options.batch_file.empty()) {
    const auto address = store::address_of(options.batch_file);
    return {address.run_folder.string(), address.number};
  }
  if (options.run_dir.empty())
    throw Error(
        ErrorKind::usage, "no run is named", "give --run-dir DIR, as `embedctl submit` printed it");
  return {options.run_dir, std::nullopt};
}

} // namespace embedctl::cli
