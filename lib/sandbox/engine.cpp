#include "sandbox/engine.hpp"

#include "base/bytes.hpp"
#include "sandbox/api_error.hpp"
#include "sandbox/hash.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::uint64_t k_largest_state = 64 * 1024 * 1024;

std::map<std::string, Batch> load_batches(const fs::path& dir) {
  make_private_directories(dir);
  std::map<std::string, Batch> batches;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".json")
      continue;
    auto batch =
        Batch::from_stored(read_file(path, k_largest_state), fmt::format("\"{}\"", path.string()));
    batches.emplace(batch.id, std::move(batch));
  }
  return batches;
}

// The committed ledger size: batches run one after the other, so anything past the newest state of
// any batch belongs to a slice that a killed process did not finish.
std::uint64_t ledger_size(const std::map<std::string, Batch>& batches) {
  std::uint64_t size = 0;
  for (const auto& [id, batch] : batches)
    size = std::max(size, batch.progress.ledger_bytes);
  return size;
}

} // namespace

Engine::Engine(const Options& options, fs::path dir, const MovableClock& clock, FileStore& files)
    : m_options(options),
      m_dir(std::move(dir)),
      m_clock(clock),
      m_schedule(options),
      m_files(files),
      m_batches(load_batches(m_dir)),
      m_ledger(m_dir.parent_path() / "ledger.jsonl", ledger_size(m_batches)),
      m_executor(m_ledger, options.fail_every, options.seed) {
  for (const auto& [id, batch] : m_batches)
    m_by_sequence.emplace(batch.sequence, id);
}

Batch Engine::create(BatchRequest request) {
  Batch batch;
  batch.id = new_id("batch_");
  batch.request = std::move(request);
  batch.created_at = m_clock.now();
  batch.expires_at = m_schedule.expires_at(batch.created_at);
  const std::lock_guard lock(m_mutex);
  batch.sequence = m_by_sequence.empty() ? 1 : m_by_sequence.rbegin()->first + 1;
  save(batch);
  m_by_sequence.emplace(batch.sequence, batch.id);
  m_batches.emplace(batch.id, batch);
  return batch;
}

std::optional<Batch> Engine::find(const std::string& id) const {
  const std::lock_guard lock(m_mutex);
  const auto found = m_batches.find(id);
  return found == m_batches.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Page<Batch>> Engine::list(const std::string& after, std::size_t limit) const {
  const std::lock_guard lock(m_mutex);
  auto at = m_by_sequence.rbegin();
  if (!after.empty()) {
    const auto found = m_batches.find(after);
    if (found == m_batches.end())
      return std::nullopt;
    at = std::make_reverse_iterator(m_by_sequence.find(found->second.sequence));
  }
  Page<Batch> page;
  for (; at != m_by_sequence.rend() && page.items.size() < limit; ++at)
    page.items.push_back(m_batches.at(at->second));
  page.has_more = at != m_by_sequence.rend();
  return page;
}

Batch Engine::cancel(const std::string& id) {
  const std::lock_guard lock(m_mutex);
  const auto found = m_batches.find(id);
  if (found == m_batches.end())
    throw ApiError(404, fmt::format("No batch found with id '{}'.", id));
  Batch& batch = found->second;
  if (batch.status == RemoteStatus::cancelled || batch.status == RemoteStatus::cancelling)
    return batch;
  if (has_ended(batch.status))
    throw ApiError(
        409, fmt::format("Cannot cancel a batch with status '{}'.", to_string(batch.status)));
  batch.status = RemoteStatus::cancelling;
  batch.cancelling_at = m_clock.now();
  save(batch);
  return batch;
}

void Engine::catch_up() {
  const std::lock_guard work(m_work);
  for (bool moved = true; moved && !m_abandoned;) {
    moved = false;
    for (const std::string& id : unfinished())
      moved = !m_abandoned && (step(id) || moved);
  }
}

std::vector<std::string> Engine::unfinished() const {
  const std::lock_guard lock(m_mutex);
  std::vector<std::string> ids;
  for (const auto& [sequence, id] : m_by_sequence)
    if (!has_ended(m_batches.at(id).status))
      ids.push_back(id);
  return ids;
}

bool Engine::step(const std::string& id) {
  Batch batch = find(id).value();
  const bool moved = [&] {
    switch (batch.status) {
    case RemoteStatus::validating:
      return step_validating(batch);
    case RemoteStatus::in_progress:
      return step_in_progress(batch);
    case RemoteStatus::finalizing:
      return step_finalizing(batch);
    case RemoteStatus::cancelling:
      return step_cancelling(batch);
    default:
      return false;
    }
  }();
  if (moved)
    keep(batch);
  return moved;
}

bool Engine::step_validating(Batch& batch) {
  if (m_clock.now() < m_schedule.validated_at(batch))
    return false;
  validate(batch);
  return true;
}

bool Engine::step_in_progress(Batch& batch) {
  if (execute(batch))
    return true;
  const Instant now = m_clock.now();
  if (m_schedule.expires(batch) && batch.expires_at < m_schedule.executed_at(batch)) {
    return now >= batch.expires_at && expire(batch);
  }
  if (now < m_schedule.executed_at(batch))
    return false;
  batch.status = RemoteStatus::finalizing;
  batch.finalizing_at = m_schedule.executed_at(batch);
  return true;
}

bool Engine::step_finalizing(Batch& batch) {
  const bool expires = m_schedule.expires(batch);
  const Instant when = expires ? batch.expires_at : m_schedule.completed_at(batch);
  if (m_clock.now() < when)
    return false;
  end(batch, expires ? RemoteStatus::expired : RemoteStatus::completed, when);
  return true;
}

bool Engine::step_cancelling(Batch& batch) {
  const bool was_validated = batch.in_progress_at.has_value();
  if (was_validated && execute(batch))
    return true;
  const Instant when = m_schedule.cancelled_at(batch);
  if (m_clock.now() < when)
    return false;
  if (was_validated
      && give_up_rest(
          batch, "batch_cancelled",
          "This request could not be executed before the batch was cancelled."))
    return true;
  end(batch, RemoteStatus::cancelled, when);
  return true;
}

bool Engine::execute(Batch& batch) {
  const auto until = m_schedule.executed_by(batch, m_clock.now());
  if (batch.progress.executed >= until)
    return false;
  m_executor.run(paths(batch), batch, until);
  return true;
}

bool Engine::expire(Batch& batch) {
  if (!give_up_rest(
          batch, "batch_expired",
          "This request could not be executed before the completion window expired."))
    end(batch, RemoteStatus::expired, std::max(batch.expires_at, *batch.in_progress_at));
  return true;
}

// A separate step: once these lines are saved, the files are only moved, never rewritten.
bool Engine::give_up_rest(Batch& batch, const char* code, const char* message) {
  if (batch.progress.executed + batch.progress.never_run == batch.progress.total)
    return false;
  m_executor.give_up(paths(batch), batch, code, message);
  return true;
}

void Engine::validate(Batch& batch) {
  const std::string& file_id = batch.request.input_file_id;
  const BatchPaths at = paths(batch);
  Validation found;
  if (!batch.request.refuse_with.empty()) {
    found.errors = batch.request.refuse_with;
  } else if (!m_files.find(file_id)) {
    found.errors.push_back(
        {"invalid_request",
         fmt::format(
             "Cannot find file {}, or organization org-sandbox does not have access to it.",
             file_id),
         "file_id",
         {}});
  } else {
    fs::remove(at.input); // of an earlier process that did not get further
    fs::create_hard_link(m_files.content(file_id), at.input);
    found = validate_input(
        at.input, batch.request.endpoint,
        {m_options.max_requests, m_options.max_inputs, m_options.max_bytes});
  }
  batch.errors = std::move(found.errors);
  batch.model = found.model;
  batch.queued_tokens = found.tokens;
  if (batch.errors.empty())
    check_queue(batch);
  const Instant when = m_schedule.validated_at(batch);
  if (!batch.errors.empty()) {
    end(batch, RemoteStatus::failed, when);
    return;
  }
  batch.progress.total = found.requests.size();
  m_executor.plan(at, std::move(found.requests));
  batch.status = RemoteStatus::in_progress;
  batch.in_progress_at = when;
}

void Engine::check_queue(Batch& batch) const {
  if (m_options.queue_tokens == 0)
    return;
  std::uint64_t queued = batch.queued_tokens;
  {
    const std::lock_guard lock(m_mutex);
    for (const auto& [id, other] : m_batches)
      if (id != batch.id && other.model == batch.model && !has_ended(other.status))
        queued += other.queued_tokens;
  }
  if (queued > m_options.queue_tokens)
    batch.errors.push_back(
        {"token_limit_exceeded",
         fmt::format(
             "Enqueued token limit reached for {} in organization org-sandbox. Limit: {} enqueued "
             "tokens. Please try again once some in_progress batches have been completed.",
             batch.model, human_count(m_options.queue_tokens)),
         {},
         {}});
}

void Engine::end(Batch& batch, RemoteStatus status, Instant when) {
  if (batch.in_progress_at)
    publish_files(batch);
  batch.status = status;
  batch.ended_at = when;
  const BatchPaths at = paths(batch);
  for (const fs::path& path : {at.input, at.places, at.output, at.errors})
    fs::remove(path);
}

void Engine::publish_files(Batch& batch) {
  const BatchPaths at = paths(batch);
  const auto publish = [&](const fs::path& content, const char* kind) {
    // The id derives from the batch's, so repeating this after a crash makes no second file.
    const auto id = fmt::format("file-{}{}", hex(hash(batch.id)), kind);
    return m_files
        .add(
            content, fmt::format("{}_{}.jsonl", batch.id, kind), "batch_output",
            batch.request.output_lifetime_seconds, id)
        .id;
  };
  if (batch.progress.completed > 0)
    batch.output_file_id = publish(at.output, "output");
  if (batch.progress.failed + batch.progress.never_run > 0)
    batch.error_file_id = publish(at.errors, "error");
  else if (m_options.empty_error_file_id)
    batch.error_file_id = "";
}

// Adopts results computed outside the lock; a cancellation in the meantime is kept.
void Engine::keep(const Batch& worked_on) {
  const std::lock_guard lock(m_mutex);
  Batch& batch = m_batches.at(worked_on.id);
  const auto cancelling_at = batch.cancelling_at;
  batch = worked_on;
  if (cancelling_at && !batch.cancelling_at && !has_ended(batch.status)) {
    batch.status = RemoteStatus::cancelling;
    batch.cancelling_at = cancelling_at;
  }
  save(batch);
}

void Engine::save(const Batch& batch) const {
  replace_file(paths(batch).state, batch.stored_json());
}

} // namespace embedctl::sandbox
