#pragma once

#include "core/batch_provider.hpp"
#include "core/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::store {

// Each transition is one atomic replacement of batch.json. `uploading` and `creating` are intents:
// after a crash, the call may or may not have happened.
enum class BatchState {
  planned,    // its files are being written, or were when the process died
  written,    // its files are whole and durable; nothing was sent
  uploading,  // intent to upload
  uploaded,   // the provider has the file
  creating,   // intent to create the batch, which is what costs money
  submitted,  // the provider has the batch
  ended,      // the provider is done with it
  downloaded, // what it gave is here, whole and durable
  ingested,   // every row is in its final state
  archived,   // its files are packed
  replaced,   // refused, nothing ran; other batches have its rows
};

std::string_view to_string(BatchState state);

// A refusal of the whole batch by the provider: nothing ran and nothing is billed.
struct Refusal {
  std::int64_t at = 0;
  std::string batch_id;
  std::string code;
  std::string message;
};

// What the ingest found besides rows.
struct Findings {
  std::uint64_t unknown_ids = 0;    // lines whose custom_id is none of ours
  std::uint64_t repeated_lines = 0; // identical repeats, counted once
  std::uint64_t damaged_lines = 0;  // lines that belong to no row
};

// The provider's records and its result files disagree, and asking again did not help: rows without
// a result line stay pending, and the batch stays `ended`.
struct Unsettled {
  std::int64_t at = 0; // of the last attempt, unix seconds
  std::string why;     // printable
  bool lost = false;   // the provider no longer has a file: asking again will not help
};

// A packed file: its name, size and digest, to verify the archive against.
struct Archive {
  std::string file; // "output.jsonl"
  std::uint64_t bytes = 0;
  std::string sha256;
};

// batch.json.
struct BatchRecord {
  int number = 0;
  BatchState state = BatchState::planned;
  std::uint64_t requests = 0; // lines of input.jsonl
  std::uint64_t asked = 0;    // rows that these ask for: more than requests where rows share one
  std::uint64_t skipped = 0;  // rows that no request asks for
  std::uint64_t bytes = 0;    // of input.jsonl
  std::string sha256;         // of input.jsonl
  int upload_attempt = 0;     // part of the remote file's name, so that each attempt can be found
  int create_attempt = 0;     // part of the remote batch's metadata, likewise
  std::string input_file_id;
  std::int64_t input_file_created_at = 0; // by the provider's clock
  std::string batch_id;
  std::optional<RemoteBatch> remote; // the provider's last answer
  std::vector<Refusal> refusals;
  std::int64_t refused_at = 0;         // when the last answer was first known to refuse the batch
  bool in_doubt = false;               // a create may have taken effect without our knowing
  std::vector<std::string> duplicates; // batches that such a create made; cancelled
  bool fetched_again = false;          // the result files were fetched more than once
  bool errors_lost = false;            // the provider no longer has the error file
  std::optional<Unsettled> unsettled;
  std::vector<int> replaced_by; // batches that take its rows; they count once it is `replaced`
  int generation = 0;           // how many replacements led to this batch
  RowCounts rows;
  bool failures_counted = false; // its failed rows are in failures.tsv
  std::vector<std::string> deleted_files; // ids of remote files that were deleted, or could not be
  Findings findings;
  std::vector<Archive> archives; // on record before the plain files go

  bool is_sent() const { return state >= BatchState::submitted; }
  bool is_ingested() const { return state >= BatchState::ingested; }

  // Whether every row that counts here has a state. Of a replaced batch, most count elsewhere.
  bool is_balanced() const {
    return state == BatchState::replaced ? rows.total() <= asked + skipped
                                         : rows.total() == asked + skipped;
  }
  bool has_results() const { return remote && remote->has_files(); }
  // As a whole: one that counts results has run, whatever its status says.
  bool was_refused() const {
    return state == BatchState::ended && remote && remote->status == RemoteStatus::failed
           && !remote->has_files() && remote->counts.completed == 0;
  }
};

BatchRecord load_batch_record(const std::filesystem::path& path);
void save_batch_record(const std::filesystem::path& path, const BatchRecord& record);

} // namespace embedctl::store
