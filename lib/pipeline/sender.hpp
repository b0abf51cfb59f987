#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace embedctl::pipeline {

// What to do about a batch that the provider refused as a whole.
enum class Remedy {
  wait,         // the queue is full, or the file is not found yet: the same file later
  upload_again, // the file stays unfound
  split,        // it can never fit into the queue: smaller batches
  drop_lines,   // the provider names lines: the others without them
  none,         // the rows have failed
};
Remedy remedy_for(const store::BatchRecord& batch);

// The queue limit that a refusal tells, in tokens; 0 if it does not.
std::uint64_t queue_limit_in(const std::string& message);

// A rough count of the tokens of a batch's texts.
std::uint64_t likely_tokens(const store::BatchRecord& batch);

// Whether another batch takes its rows; see replace().
bool is_to_be_replaced(const store::BatchRecord& batch);

// Whether the rows will be sent again.
bool waits_to_be_resent(const store::BatchRecord& batch);

// The provider has finished with it, and it is not sent again.
bool has_ended(const store::BatchRecord& batch);

// The provider's reason.
RemoteError refusal_of(const store::BatchRecord& batch);

// Identifies our batch at the provider: a part of its metadata.
std::map<std::string, std::string>
identity_of(const std::string& run_id, const store::BatchRecord& batch);

// All batches of the run at the provider, newest first.
std::vector<RemoteBatch> find_batches_of(const store::Run& run, BatchProvider& provider);

// Cancels duplicates: batches whose create reply was lost and that appeared only after the create
// was repeated. Their ids are kept in the record. Does nothing for a batch whose creation was never
// in doubt.
void cancel_duplicates(
    const store::Run& run, store::BatchRecord& batch, BatchProvider& provider, Runtime runtime);

// How long a create whose reply was lost may take to appear in the provider's list.
inline constexpr std::chrono::milliseconds k_usual_grace = std::chrono::seconds(30);

// Takes one batch from `written` to `submitted`. The intent is on disk before each remote call and
// the reply after it; calls in doubt are looked up before they are repeated, because a second
// create would be billed. Thread-safe for different batches.
class Sender {
public:
  Sender(
      const store::Run& run,
      BatchProvider& provider,
      Runtime runtime,
      std::chrono::milliseconds grace = k_usual_grace)
      : m_run(run), m_provider(provider), m_runtime(runtime), m_grace(grace) {}

  void send(store::BatchRecord& batch);

  // Adopts a batch of this run that exists at the provider although the record does not know it: the
  // folder is a copy, or an older batch.json was put back. `existing`: what the provider has of the
  // run. Returns whether there was one.
  bool adopt_existing(store::BatchRecord& batch, const std::vector<RemoteBatch>& existing);

  // Looks up a call whose reply was lost, and repeats nothing: afterwards the batch is `submitted`
  // if it exists, and not in doubt if it does not.
  void resolve_doubt(store::BatchRecord& batch);

private:
  void take_back(store::BatchRecord& batch);
  void upload(store::BatchRecord& batch);
  bool adopt_upload(store::BatchRecord& batch);
  void record_upload(store::BatchRecord& batch, const RemoteFile& file);
  void create(store::BatchRecord& batch);
  bool adopt_batch(store::BatchRecord& batch);
  void adopt(store::BatchRecord& batch, std::vector<RemoteBatch> found);
  void check_account(const store::BatchRecord& batch);
  void record_batch(store::BatchRecord& batch, RemoteBatch remote);
  void save(store::BatchRecord& batch, store::BatchState state);
  std::string remote_name(const store::BatchRecord& batch) const;

  const store::Run& m_run;
  BatchProvider& m_provider;
  Runtime m_runtime;
  std::chrono::milliseconds m_grace;
};

} // namespace embedctl::pipeline
