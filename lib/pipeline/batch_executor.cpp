#include "pipeline/batch_executor.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/spelling.hpp"
#include "pipeline/fetch.hpp"
#include "pipeline/poll.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

constexpr std::chrono::minutes k_longest_pause{15};

BatchExecutor::Open opened_once(BatchExecutor::Open open) {
  struct State {
    std::once_flag once;
    BatchProvider* provider = nullptr;
  };
  return [open = std::move(open), state = std::make_shared<State>()]() -> BatchProvider& {
    std::call_once(state->once, [&] { state->provider = &open(); });
    return *state->provider;
  };
}

} // namespace

BatchExecutor::BatchExecutor(Open open, Runtime runtime, BatchExecutorOptions options)
    : m_open(opened_once([this, open = std::move(open)]() -> BatchProvider& {
        BatchProvider& provider = open();
        m_in_use = true;
        return provider;
      })),
      m_runtime(runtime), m_options(options) {}

void BatchExecutor::check_access(const Request& request) {
  m_open().check_access();
  if (m_options.unlisted_model)
    return;
  const auto models = m_open().models();
  const auto is_meant = [&](const std::string& name) { // some list "models/NAME"
    return name == request.model || name.ends_with("/" + request.model);
  };
  if (models.empty() || std::ranges::any_of(models, is_meant))
    return;
  const auto meant = closest(request.model, models);
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "the provider does not list the model \"{}\"{}", printable(request.model),
          meant ? fmt::format("; did you mean {}?", printable(*meant)) : ""),
      "use a model that this key has access to, or --unlisted-model if the provider takes it all the "
      "same; nothing was sent");
}

ProviderIdentity BatchExecutor::identity() {
  return m_open().identity();
}

Outcome BatchExecutor::advance(store::Run& run, BatchRecord& batch) {
  if (is_to_be_replaced(batch))
    return Done{};
  if (batch.was_refused() && !m_options.resend_now) {
    if (remedy_for(batch) == Remedy::none)
      return Done{};
    if (pause_before_resending(batch).count() > 0)
      return wait_to_resend(batch);
  }
  // One wrong answer would create the batch twice.
  if (batch.was_refused() && !is_still_refused(run, batch))
    return batch.state == BatchState::submitted ? wait_for(m_options.poll_interval)
                                                : Outcome(Done{});
  const bool is_to_be_sent = !batch.is_sent() || batch.was_refused();
  if (is_to_be_sent && !run.is_new() && adopt_existing(run, batch))
    return look(run, batch);
  if (is_to_be_sent) {
    Sender(run, m_open(), m_runtime, m_options.grace).send(batch);
    return wait_for(m_options.poll_interval);
  }
  return batch.state == BatchState::submitted ? look(run, batch) : Done{};
}

Outcome BatchExecutor::look(store::Run& run, BatchRecord& batch) {
  try {
    look_at(run, batch, m_open(), m_runtime);
  } catch (const Error& error) {
    if (!is_unknown_batch(error))
      throw;
    return Blocked{error};
  }
  if (batch.state == BatchState::submitted)
    return wait_for(m_options.poll_interval);
  if (!waits_to_be_resent(batch) || is_to_be_replaced(batch))
    return Done{};
  m_runtime.progress.note(
      NoteLevel::warning,
      fmt::format(
          "batch {:03} was refused ({}); retrying in {} s", batch.number, refusal_of(batch).code,
          std::chrono::duration_cast<std::chrono::seconds>(pause_before_resending(batch)).count()));
  return wait_to_resend(batch);
}

// The list is read once for a run: whatever appears later, this process has created.
bool BatchExecutor::adopt_existing(const store::Run& run, BatchRecord& batch) {
  const std::vector<RemoteBatch>* existing = nullptr;
  {
    const std::lock_guard lock(m_mutex);
    auto found = m_existing.find(run.id());
    if (found == m_existing.end())
      found = m_existing.emplace(run.id(), find_batches_of(run, m_open())).first;
    existing = &found->second;
  }
  return Sender(run, m_open(), m_runtime, m_options.grace).adopt_existing(batch, *existing);
}

bool BatchExecutor::is_still_refused(store::Run& run, BatchRecord& batch) {
  if (look_anew(run, batch, m_open()))
    run.save(batch);
  return batch.was_refused();
}

bool BatchExecutor::confirms_refusal(store::Run& run, BatchRecord& batch) {
  if (!run.is_new() && adopt_existing(run, batch))
    return false;
  return is_still_refused(run, batch);
}

void BatchExecutor::fetch(store::Run& run, BatchRecord& batch, Fetch how) {
  BatchProvider& provider = m_open();
  if (how == Fetch::anew && !look_anew(run, batch, provider))
    return;
  pipeline::fetch(run, batch, provider, m_runtime);
}

bool BatchExecutor::has_whole_answers(const store::Run& run, const BatchRecord& batch) {
  return pipeline::has_whole_files(run, batch, m_open());
}

void BatchExecutor::cancel(store::Run& run, BatchRecord& batch) {
  if (!batch.is_sent())
    Sender(run, m_open(), m_runtime, m_options.grace).resolve_doubt(batch);
  if (batch.state != BatchState::submitted)
    return;
  batch.remote = m_open().cancel(batch.batch_id);
  run.save(batch);
}

void BatchExecutor::delete_file(const std::string& id) {
  m_open().delete_file(id);
}

Outcome BatchExecutor::wait_to_resend(const BatchRecord& batch) {
  return wait_for(pause_before_resending(batch));
}

// The pause doubles with each refusal. It uses the wall clock, because the next process must see it
// too; if the clock is wrong, the only effect is an early or late retry.
std::chrono::milliseconds BatchExecutor::pause_before_resending(const BatchRecord& batch) const {
  std::chrono::milliseconds pause = m_options.poll_interval;
  for (std::size_t i = 0; i < batch.refusals.size() && pause < k_longest_pause; ++i)
    pause *= 2;
  pause = std::min<std::chrono::milliseconds>(pause, k_longest_pause);
  const std::chrono::seconds gone(m_runtime.clock.unix_seconds() - batch.refused_at);
  return std::clamp<std::chrono::milliseconds>(pause - gone, std::chrono::milliseconds(0), pause);
}

Outcome BatchExecutor::wait_for(std::chrono::milliseconds time) {
  return WaitUntil{m_runtime.clock.steady() + time};
}

} // namespace embedctl::pipeline
