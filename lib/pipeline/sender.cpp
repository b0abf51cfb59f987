#include "pipeline/sender.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "requests/request_writer.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::BatchState;

namespace {

// This many refusals of one uploaded file count as a temporary incident.
constexpr int k_patience_with_a_file = 4;

// Retries of a call whose reply was lost and that proved to have had no effect.
constexpr int k_most_tries = 3;

bool cannot_find_file(const RemoteError& error) {
  return error.code == "file_not_found"
         || error.message.find("annot find file") != std::string::npos;
}

// Of duplicate batches, one in such a state is kept.
bool gives_results(const RemoteBatch& remote) {
  return remote.status == RemoteStatus::completed
         || (!has_ended(remote.status) && remote.status != RemoteStatus::cancelling);
}

// The batch as JSON, with the provider's response inside.
constexpr std::uint64_t k_record_bytes = std::uint64_t{1} << 20;

// Only what was recorded may be sent: the fingerprints in rows.tsv are of these texts.
void check_input(const store::Run& run, const BatchRecord& batch) {
  const auto path = run.paths(batch).input();
  if (sha256_of_file(path) != batch.sha256)
    throw Error(
        ErrorKind::corrupt, fmt::format("\"{}\" was modified after it was written", path.string()),
        "remove the run folder and submit again");
}

bool contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Machines of the provider may disagree about the time: a batch may seem older than its file.
constexpr std::int64_t k_clock_skew_seconds = 15 * 60;

bool is_given_up(const BatchRecord& batch, const RemoteBatch& remote) {
  return contains(batch.duplicates, remote.id)
         || std::any_of(
             batch.refusals.begin(), batch.refusals.end(),
             [&](const store::Refusal& refusal) { return refusal.batch_id == remote.id; });
}

// Our batches at the provider, newest first, without those it refused earlier and without the
// duplicates that were cancelled.
std::vector<RemoteBatch>
find_ours(const std::string& run_id, const BatchRecord& batch, BatchProvider& provider) {
  auto found = provider.find_batches(
      identity_of(run_id, batch), batch.input_file_created_at - k_clock_skew_seconds);
  std::erase_if(found, [&](const RemoteBatch& remote) { return is_given_up(batch, remote); });
  return found;
}

// Bytes of a request line besides its text, at least.
constexpr std::uint64_t k_line_bytes = 170;

Remedy remedy_for_full_queue(const BatchRecord& batch, const RemoteError& refusal) {
  // An estimate that is too low shows in refusals that do not end.
  constexpr std::size_t k_patience_with_queue = 4;
  constexpr int k_most_blind_splits = 6;
  const std::uint64_t limit = queue_limit_in(refusal.message);
  const std::uint64_t tokens = likely_tokens(batch);
  const bool was_patient = batch.refusals.size() + 1 >= k_patience_with_queue;
  const bool is_too_large = limit > 0 ? tokens > limit || (was_patient && tokens > limit / 4)
                                      : was_patient && batch.generation < k_most_blind_splits;
  if (!is_too_large)
    return Remedy::wait;
  return batch.requests > 1 && batch.requests == batch.asked ? Remedy::split : Remedy::none;
}

// A reason that concerns all lines may name only the first: that ends after some rounds.
bool names_some_lines(const BatchRecord& batch) {
  constexpr int k_most_rounds = 10;
  if (!batch.remote || batch.remote->errors.empty() || batch.generation >= k_most_rounds
      || batch.requests != batch.asked)
    return false;
  std::set<std::int64_t> lines;
  for (const RemoteError& error : batch.remote->errors) {
    if (!error.line || *error.line < 1 || *error.line > static_cast<std::int64_t>(batch.requests))
      return false;
    lines.insert(*error.line);
  }
  return lines.size() < batch.requests;
}

} // namespace

std::uint64_t queue_limit_in(const std::string& message) {
  constexpr std::string_view k_before = "Limit: ";
  const auto at = message.find(k_before);
  std::uint64_t limit = 0;
  if (at == std::string::npos)
    return limit;
  for (const char c : std::string_view(message).substr(at + k_before.size())) {
    if (c >= '0' && c <= '9' && limit < 1'000'000'000'000'000)
      limit = limit * 10 + static_cast<std::uint64_t>(c - '0');
    else if (c != ',')
      break;
  }
  return limit;
}

std::uint64_t likely_tokens(const BatchRecord& batch) {
  constexpr std::uint64_t k_bytes_per_token = 4;
  const std::uint64_t around = batch.requests * k_line_bytes;
  return batch.bytes > around ? (batch.bytes - around) / k_bytes_per_token : 0;
}

bool is_to_be_replaced(const BatchRecord& batch) {
  if (!batch.was_refused())
    return false;
  const Remedy remedy = remedy_for(batch);
  return remedy == Remedy::split || remedy == Remedy::drop_lines;
}

RemoteError refusal_of(const BatchRecord& batch) {
  if (batch.remote && !batch.remote->errors.empty())
    return batch.remote->errors.front();
  return {"refused", "the provider refused the batch without giving a reason", std::nullopt};
}

Remedy remedy_for(const BatchRecord& batch) {
  const RemoteError refusal = refusal_of(batch);
  if (refusal.code == "token_limit_exceeded")
    return remedy_for_full_queue(batch, refusal);
  if (!cannot_find_file(refusal))
    return names_some_lines(batch) ? Remedy::drop_lines : Remedy::none;
  const auto alike = std::count_if(
      batch.refusals.begin(), batch.refusals.end(), [](const store::Refusal& earlier) {
        return cannot_find_file({earlier.code, earlier.message, std::nullopt});
      });
  return (alike + 1) % k_patience_with_a_file == 0 ? Remedy::upload_again : Remedy::wait;
}

bool waits_to_be_resent(const BatchRecord& batch) {
  return batch.was_refused() && remedy_for(batch) != Remedy::none;
}

bool has_ended(const BatchRecord& batch) {
  return batch.state >= BatchState::ended && !waits_to_be_resent(batch);
}

std::map<std::string, std::string>
identity_of(const std::string& run_id, const BatchRecord& batch) {
  return {
      {"embedctl_run", run_id},
      {"embedctl_batch", std::to_string(batch.number)},
      {"embedctl_sha256", batch.sha256}};
}

std::vector<RemoteBatch> find_batches_of(const store::Run& run, BatchProvider& provider) {
  constexpr std::int64_t k_day = 24 * 60 * 60; // this machine's clock may be wrong
  return provider.find_batches({{"embedctl_run", run.id()}}, run.record().created_at - k_day);
}

void cancel_duplicates(
    const store::Run& run, BatchRecord& batch, BatchProvider& provider, Runtime runtime) {
  if (!batch.in_doubt)
    return;
  for (const RemoteBatch& other : find_ours(run.id(), batch, provider)) {
    if (other.id == batch.batch_id)
      continue;
    runtime.progress.note(
        NoteLevel::warning,
        fmt::format(
            "batch {:03} exists twice at the provider, because a reply came late: keeping {},"
            " cancelling {}; what the duplicate has already run is billed",
            batch.number, printable(batch.batch_id), printable(other.id)));
    if (!has_ended(other.status))
      provider.cancel(other.id);
    batch.duplicates.push_back(other.id);
    run.save(batch);
  }
}

void Sender::send(BatchRecord& batch) {
  if (batch.was_refused())
    take_back(batch);
  if (batch.state == BatchState::uploading && !adopt_upload(batch))
    save(batch, BatchState::written);
  if (batch.state == BatchState::written)
    upload(batch);
  if (batch.state == BatchState::creating && !adopt_batch(batch))
    save(batch, BatchState::uploaded);
  if (batch.state == BatchState::uploaded)
    create(batch);
}

void Sender::resolve_doubt(BatchRecord& batch) {
  if (batch.state == BatchState::uploading && !adopt_upload(batch))
    save(batch, BatchState::written);
  if (batch.state == BatchState::creating && !adopt_batch(batch))
    save(batch, BatchState::uploaded);
}

// Nothing ran and nothing is billed: the batch may be resent.
void Sender::take_back(BatchRecord& batch) {
  const RemoteError reason = refusal_of(batch);
  const Remedy remedy = remedy_for(batch);
  batch.refusals.push_back(
      {m_runtime.clock.unix_seconds(), batch.batch_id, reason.code, reason.message});
  batch.batch_id.clear();
  batch.remote.reset();
  batch.fetched_again = false;
  if (remedy != Remedy::wait)
    batch.input_file_id.clear();
  save(batch, remedy == Remedy::wait ? BatchState::uploaded : BatchState::written);
}

void Sender::upload(BatchRecord& batch) {
  const auto on_bytes = [&](std::uint64_t more) {
    m_runtime.progress.advance(Phase::upload, {0, more});
  };
  check_input(m_run, batch);
  for (int tries = 1; batch.state == BatchState::written; ++tries) {
    require_free_bytes(m_run.paths(batch).folder(), k_record_bytes);
    ++batch.upload_attempt;
    save(batch, BatchState::uploading);
    RemoteFile file;
    try {
      file = m_provider.upload(m_run.paths(batch).input(), remote_name(batch), on_bytes);
    } catch (const Error& error) {
      if (error.in_doubt && adopt_upload(batch))
        return;
      save(batch, BatchState::written);
      if (!error.in_doubt || tries == k_most_tries)
        throw;
      continue;
    }
    record_upload(batch, file);
  }
}

// Looks for the file of an upload whose reply was lost. A second copy costs only storage, so this
// does not wait; unused copies are deleted.
bool Sender::adopt_upload(BatchRecord& batch) {
  bool adopted = false;
  for (const RemoteFile& file : m_provider.find_files(remote_name(batch))) {
    if (file.bytes == batch.bytes && !adopted) {
      record_upload(batch, file);
      adopted = true;
    } else {
      m_provider.delete_file(file.id);
    }
  }
  return adopted;
}

void Sender::record_upload(BatchRecord& batch, const RemoteFile& file) {
  batch.input_file_id = file.id;
  batch.input_file_created_at = file.created_at;
  save(batch, BatchState::uploaded);
  m_runtime.progress.advance(Phase::upload, {batch.asked, 0});
}

void Sender::create(BatchRecord& batch) {
  for (int tries = 1; batch.state == BatchState::uploaded; ++tries) {
    require_free_bytes(m_run.paths(batch).folder(), k_record_bytes);
    ++batch.create_attempt;
    save(batch, BatchState::creating);
    NewBatch request{
        batch.input_file_id, std::string(requests::endpoint_of(m_run.task().request.kind)),
        identity_of(m_run.id(), batch)};
    request.metadata["embedctl_attempt"] = std::to_string(batch.create_attempt);
    RemoteBatch remote;
    try {
      remote = m_provider.create(request);
    } catch (const Error& error) {
      if (error.in_doubt) {
        m_runtime.progress.note(
            NoteLevel::warning,
            fmt::format(
                "batch {:03}: no reply when creating it; checking whether it exists",
                batch.number));
        if (adopt_batch(batch))
          return;
      }
      save(batch, BatchState::uploaded);
      if (!error.in_doubt || tries == k_most_tries)
        throw;
      continue;
    }
    // Outside the try: a batch that was created but cannot be recorded stays in doubt.
    record_batch(batch, std::move(remote));
  }
}

// Looks for the batch of a create whose reply was lost, for as long as it may take to appear. True
// if it exists; if false, creating it now is as safe as possible.
bool Sender::adopt_batch(BatchRecord& batch) {
  batch.in_doubt = true;
  const auto until = m_runtime.clock.steady() + m_grace;
  for (std::chrono::milliseconds pause{500};; pause *= 2) {
    auto found = find_ours(m_run.id(), batch, m_provider);
    if (!found.empty()) {
      adopt(batch, std::move(found));
      return true;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - m_runtime.clock.steady());
    if (left.count() <= 0) {
      check_account(batch);
      return false;
    }
    m_runtime.clock.sleep_for(std::min(pause, left));
  }
}

// The oldest that yields results, because it has progressed furthest.
void Sender::adopt(BatchRecord& batch, std::vector<RemoteBatch> found) {
  std::reverse(found.begin(), found.end());
  std::stable_partition(found.begin(), found.end(), gives_results);
  record_batch(batch, std::move(found.front()));
  cancel_duplicates(m_run, batch, m_provider, m_runtime);
}

bool Sender::adopt_existing(BatchRecord& batch, const std::vector<RemoteBatch>& existing) {
  const auto identity = identity_of(m_run.id(), batch);
  std::vector<RemoteBatch> found;
  for (const RemoteBatch& remote : existing)
    if (std::ranges::includes(remote.metadata, identity) && remote.id != batch.batch_id
        && !is_given_up(batch, remote))
      found.push_back(remote);
  if (found.empty())
    return false;
  m_runtime.progress.note(
      NoteLevel::warning,
      fmt::format(
          "batch {:03} exists at the provider already, and this folder does not know it: it is a"
          " copy, or an older batch.json; continuing with {}",
          batch.number, printable(found.front().id)));
  batch.in_doubt = true;
  batch.input_file_id = found.front().input_file_id;
  adopt(batch, std::move(found));
  return true;
}

// With another account's key the list is empty, whatever was created. The input file shows it: an
// account that cannot see the file cannot see the batch either.
void Sender::check_account(const BatchRecord& batch) {
  if (m_provider.find_file(batch.input_file_id))
    return;
  throw Error(
      ErrorKind::provider,
      fmt::format(
          "batch {:03} may have been created, and its input file {} is not known to this account",
          batch.number, printable(batch.input_file_id)),
      "use the key, organization and project that the run was sent with; nothing was sent again");
}

void Sender::record_batch(BatchRecord& batch, RemoteBatch remote) {
  batch.batch_id = remote.id;
  batch.remote = std::move(remote);
  save(batch, BatchState::submitted);
}

void Sender::save(BatchRecord& batch, BatchState state) {
  batch.state = state;
  m_run.save(batch);
}

std::string Sender::remote_name(const BatchRecord& batch) const {
  return fmt::format("embedctl_{}_{:03}_{}.jsonl", m_run.id(), batch.number, batch.upload_attempt);
}

} // namespace embedctl::pipeline
