#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/work.hpp"
#include "store/run.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace embedctl::pipeline {

// What may be done about a batch that the provider refused as a whole.
enum class Remedy {
  wait,         // the queue is full, or the file is not found yet: the same file later
  upload_again, // the file stays unfound
  none,         // the rows have failed
};
Remedy remedy_for(const store::BatchRecord& batch);

// Whether it was refused for a reason that waiting may mend.
bool waits_to_be_resent(const store::BatchRecord& batch);

// The provider is done with it, and it is not sent again.
bool has_ended(const store::BatchRecord& batch);

// What the provider gave as its reason.
RemoteError refusal_of(const store::BatchRecord& batch);

// What tells a batch of ours from every other at the provider: a part of its metadata.
std::map<std::string, std::string>
identity_of(const std::string& run_id, const store::BatchRecord& batch);

// Batches that a create made whose answer was lost, and that showed up only after it was done
// again: they are cancelled, and their ids kept in the record. Does nothing for a batch whose
// creation was never in doubt.
void cancel_duplicates(
    const store::Run& run,
    store::BatchRecord& batch,
    BatchProvider& provider,
    Work work);

// How long a create whose answer was lost may take to show up in the provider's list.
inline constexpr std::chrono::milliseconds k_usual_grace = std::chrono::seconds(30);

// Takes one batch from `written` to `submitted`. Intent is on disk before each remote call and
// the answer after it; what is in doubt is looked up before it is done again, because a second
// create would be a second bill. May be called for different batches from different threads.
class Sender {
public:
  Sender(
      const store::Run& run,
      BatchProvider& provider,
      Work work,
      std::chrono::milliseconds grace = k_usual_grace)
      : m_run(run),
        m_provider(provider),
        m_work(work),
        m_grace(grace) {}

  void send(store::BatchRecord& batch);

private:
  void take_back(store::BatchRecord& batch);
  void upload(store::BatchRecord& batch);
  bool adopt_upload(store::BatchRecord& batch);
  void record_upload(store::BatchRecord& batch, const RemoteFile& file);
  void create(store::BatchRecord& batch);
  bool adopt_batch(store::BatchRecord& batch);
  void check_account(const store::BatchRecord& batch);
  void record_batch(store::BatchRecord& batch, RemoteBatch remote);
  void save(store::BatchRecord& batch, store::BatchState state);
  std::string remote_name(const store::BatchRecord& batch) const;

  const store::Run& m_run;
  BatchProvider& m_provider;
  Work m_work;
  std::chrono::milliseconds m_grace;
};

} // namespace embedctl::pipeline
