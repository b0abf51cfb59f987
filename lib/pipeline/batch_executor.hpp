#pragma once

#include "core/batch_provider.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/sender.hpp"
#include "pipeline/work.hpp"

#include <chrono>
#include <functional>

namespace embedctl::pipeline {

struct BatchExecutorOptions {
  // How long a create whose answer was lost may take to show up in the provider's list.
  std::chrono::milliseconds grace = k_usual_grace;

  std::chrono::milliseconds poll_interval = std::chrono::seconds(60);

  // A batch that the provider refused is sent again at once, whatever its reason.
  bool resend_now = false;
};

// Answers requests through the provider's Batch API: uploads, creates, polls and fetches.
class BatchExecutor : public Executor {
public:
  // Called once the provider is needed for the first time, and never again.
  using Open = std::function<BatchProvider&()>;

  BatchExecutor(Open open, Work work, BatchExecutorOptions options = {});

  void check_access() override;
  ProviderIdentity identity() override;
  Outcome advance(store::Run& run, store::BatchRecord& batch) override;
  void fetch(store::Run& run, store::BatchRecord& batch) override;

private:
  Outcome look(store::Run& run, store::BatchRecord& batch);
  Outcome wait_to_resend(const store::BatchRecord& batch);
  std::chrono::milliseconds pause_before_resending(const store::BatchRecord& batch) const;
  Outcome wait_for(std::chrono::milliseconds time);

  Open m_open;
  Work m_work;
  BatchExecutorOptions m_options;
};

} // namespace embedctl::pipeline
