#pragma once

#include "cli/option_set.hpp"
#include "pipeline/advance.hpp"
#include "pipeline/batch_executor.hpp"
#include "pipeline/failed_rows.hpp"
#include "pipeline/splitter.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace embedctl::cli {

// Which rows, and how to split them into batches: submit and run.
struct SelectionArguments {
  std::string family_id;
  std::string batches_dir = "./batches";
  std::uint64_t limit = 0; // 0: all
  std::uint64_t max_requests = pipeline::BatchLimits{}.requests;
  std::uint64_t max_bytes = pipeline::BatchLimits{}.bytes;
  std::string model;
  int dims = 0; // 0: not given
  std::string encoding = "base64";
  std::uint32_t max_attempts = pipeline::Retries{}.most;
  bool retry_failed = false;

  SelectionArguments();
};
void add_selection_options(OptionSet& set, SelectionArguments& options, std::string& run_dir);

// The options that repeat this selection, quoted for a shell: " --family-id ... --limit 5".
std::string as_arguments(const SelectionArguments& options);

// How to reach the provider.
struct ProviderArguments {
  std::size_t parallel = pipeline::AdvanceOptions{}.parallel;
  bool allow_insecure = false;
  std::string ca_file;
  int retry_timeout_seconds = 900;
  int doubt_grace_seconds = 30;
  bool moved = false;
  bool unlisted_model = false;
};
pipeline::BatchExecutorOptions executor_options(const ProviderArguments& options);
void add_provider_options(OptionSet& set, ProviderArguments& options);

// For submit, ingest and run.
void add_parallel_option(OptionSet& set, ProviderArguments& options);

// For submit and run.
void add_sending_options(OptionSet& set, ProviderArguments& options);

// How to write vectors: ingest and run.
struct WriteArguments {
  std::size_t chunk_size = pipeline::WriteOptions{}.chunk_size;
  bool overwrite = false;
  bool redownload = false;
  bool keep_plain = false;
  bool keep_remote_files = false;
  bool delete_remote_outputs = false;
  bool accept_missing_rows = false;
  int statement_timeout_seconds = 0;
  std::size_t rows_per_second = pipeline::WriteOptions{}.rows_per_second;
  std::string index = "keep";
};
pipeline::AdvanceOptions
advance_options(const WriteArguments& writing, const ProviderArguments& provider);
void add_write_options(OptionSet& set, WriteArguments& options);

// A run, or one batch of it: status, ingest and verify.
struct TargetArguments {
  std::string run_dir;
  std::string batch_file;
};
void add_target_options(OptionSet& set, TargetArguments& options);

struct Target {
  std::string run_dir;
  std::optional<int> batch;
};
// The parser has made sure that one of the two is given.
Target target_of(const TargetArguments& options);

} // namespace embedctl::cli
