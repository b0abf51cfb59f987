#include "pipeline/failed_rows.hpp"

#include "base/file.hpp"
#include "store/ledger.hpp"
#include "store/tsv.hpp"

#include <numeric>
#include <vector>

namespace embedctl::pipeline {

using store::BatchRecord;
using store::Failure;
using store::Failures;

namespace {

// The key of such a row has another row, which is sent.
constexpr std::string_view k_duplicate_key = "duplicate_key";

using Fields = std::vector<std::string>;

// Not billed, and no fault of the row: it was not its turn before the batch was over.
bool never_ran(const BatchRecord& batch, std::string_view code) {
  const bool is_over_early = batch.remote
                             && (batch.remote->status == RemoteStatus::expired
                                 || batch.remote->status == RemoteStatus::cancelled);
  return code == "batch_expired" || code == "batch_cancelled"
         || (code == "no_result" && is_over_early);
}

class Counting {
public:
  Counting(const store::Run& run, const BatchRecord& batch, std::int64_t now, Failures& failures)
      : m_run(run),
        m_batch(batch),
        m_request(store::request_hash(run.task().request)),
        m_now(now),
        m_failures(failures),
        m_ledger(store::Ledger::load(run.paths(batch).rows())),
        m_answered(m_ledger.rows(), true) {}

  void count() {
    const store::BatchPaths paths = m_run.paths(m_batch);
    store::for_each_line(paths.failed(), [&](const Fields& fields) {
      if (fields.size() >= 2)
        fail(fields[0], fields[1]);
    });
    store::for_each_line(paths.left(), [&](const Fields& fields) {
      if (fields.size() >= 2 && fields[1] == to_string(RowState::stale))
        keep(fields[0]);
    });
    for (std::size_t row = 0; row < m_ledger.rows(); ++row)
      if (m_answered[row])
        m_failures.drop(m_ledger.key(row));
  }

private:
  std::optional<std::size_t> keep(std::string_view key) {
    const auto row = m_ledger.find_row(key);
    if (row)
      m_answered[*row] = false;
    return row;
  }

  void fail(const std::string& key, const std::string& code) {
    const auto row = keep(key);
    if (!row || m_batch.failures_counted || never_ran(m_batch, code))
      return;
    Failure failure;
    failure.fingerprint = m_ledger.fingerprint(*row);
    failure.request = m_request;
    failure.times = 1;
    failure.code = code;
    failure.last_seen = m_now;
    failure.run_id = m_run.id();
    failure.batch = m_batch.number;
    if (const auto known = m_failures.find(key); known && is_alike(*known, failure)) {
      if (known->run_id == failure.run_id && known->batch == failure.batch)
        return; // counted before a crash
      failure.times = known->times + 1;
    }
    m_failures.put(key, failure);
  }

  static bool is_alike(const Failure& a, const Failure& b) {
    return a.fingerprint == b.fingerprint && a.request == b.request;
  }

  const store::Run& m_run;
  const BatchRecord& m_batch;
  std::uint64_t m_request;
  std::int64_t m_now;
  Failures& m_failures;
  store::Ledger m_ledger;
  std::vector<bool> m_answered; // of the ledger's rows: not listed as failed or stale
};

} // namespace

std::uint64_t total_of(const RowsByCode& rows) {
  return std::accumulate(
      rows.begin(), rows.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& each) { return sum + each.second; });
}

Screen::Screen(const fs::path& failures, const Request& request, const Retries& retries)
    : m_file(failures),
      m_request(store::request_hash(request)),
      m_retries(retries),
      m_known(Failures::load(failures)) {}

bool Screen::admits(const SourceRow& row) {
  if (m_retries.set_aside || m_known.size() == 0)
    return true;
  const auto known = m_known.find(row.key);
  if (!known || known->times < m_retries.most || known->request != m_request
      || known->fingerprint != row.fingerprint)
    return true;
  ++m_left_out[known->code];
  return false;
}

bool Screen::tells(const SourceRow& row, std::string_view reason, std::int64_t now) {
  const auto known = m_known.find(row.key);
  if (!m_retries.set_aside && known && known->times == 0 && known->code == reason
      && known->fingerprint == row.fingerprint) {
    ++m_left_out[known->code];
    return false;
  }
  ++m_told[std::string(reason)];
  if (reason == k_duplicate_key)
    return true;
  Failure failure;
  failure.fingerprint = row.fingerprint;
  failure.request = m_request;
  failure.code = reason;
  failure.last_seen = now;
  m_new.put(row.key, failure);
  return true;
}

void Screen::remember_told(Clock& clock) const {
  if (m_new.size() == 0)
    return;
  const FileLock lock = store::lock_failures(m_file, clock);
  Failures failures = Failures::load(m_file);
  m_new.for_each([&](std::string_view key, const Failure& failure) { failures.put(key, failure); });
  failures.save(m_file);
}

void remember_failures(const store::Run& run, BatchRecord& batch, Runtime runtime) {
  const fs::path file = store::failures_file(run);
  if (fs::exists(run.paths(batch).failed()) || fs::exists(file)) {
    const FileLock lock = store::lock_failures(file, runtime.clock);
    Failures failures = Failures::load(file);
    Counting(run, batch, runtime.clock.unix_seconds(), failures).count();
    failures.save(file);
  }
  batch.failures_counted = true;
}

} // namespace embedctl::pipeline
