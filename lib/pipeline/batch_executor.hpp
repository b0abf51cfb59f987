#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/sender.hpp"
#include "pipeline/runtime.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace embedctl::pipeline {

struct BatchExecutorOptions {
  // How long a create whose reply was lost may take to appear in the provider's list.
  std::chrono::milliseconds grace = k_usual_grace;

  std::chrono::milliseconds poll_interval = std::chrono::seconds(60);

  // Send a model that the provider does not list.
  bool unlisted_model = false;

  // Resend a refused batch at once, whatever the reason.
  bool resend_now = false;
};

// Answers requests through the provider's Batch API: upload, create, poll, fetch.
class BatchExecutor : public Executor {
public:
  // Called once, when the provider is first needed.
  using Open = std::function<BatchProvider&()>;

  BatchExecutor(Open open, Runtime runtime, BatchExecutorOptions options = {});

  void check_access(const Request& request) override;
  ProviderIdentity identity() override;
  Outcome advance(store::Run& run, store::BatchRecord& batch) override;
  bool confirms_refusal(store::Run& run, store::BatchRecord& batch) override;
  void fetch(store::Run& run, store::BatchRecord& batch, Fetch how) override;
  bool has_whole_answers(const store::Run& run, const store::BatchRecord& batch) override;
  void cancel(store::Run& run, store::BatchRecord& batch) override;
  bool is_in_use() const override { return m_in_use; }
  void delete_file(const std::string& id) override;

private:
  Outcome look(store::Run& run, store::BatchRecord& batch);
  bool adopt_existing(const store::Run& run, store::BatchRecord& batch);
  bool is_still_refused(store::Run& run, store::BatchRecord& batch);
  Outcome wait_to_resend(const store::BatchRecord& batch);
  std::chrono::milliseconds pause_before_resending(const store::BatchRecord& batch) const;
  Outcome wait_for(std::chrono::milliseconds time);

  std::atomic<bool> m_in_use = false;
  Open m_open;
  Runtime m_runtime;
  BatchExecutorOptions m_options;
  std::mutex m_mutex;
  std::map<std::string, std::vector<RemoteBatch>> m_existing; // of each run id, from before sending
};

} // namespace embedctl::pipeline
