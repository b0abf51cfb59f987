#include "pg/lock_watch.hpp"

#include "base/bytes.hpp"
#include "pg/error.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_asking = "cannot ask who holds the lock";
constexpr std::string_view k_lock_not_available = "55P03";

} // namespace

std::string lock_holder(Connection& asker, const std::string& waiting_pid) {
  // Of the sessions of other roles a server tells only a part.
  const Result found = asker.query(
      "SELECT b.pid, coalesce(a.application_name, ''), coalesce(a.state, ''),"
      " coalesce(to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'), '')"
      " FROM unnest(pg_blocking_pids($1::int)) AS b(pid)"
      " LEFT JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY a.xact_start LIMIT 1",
      {waiting_pid}, k_asking);
  if (found.rows() == 0)
    return {};
  std::string text = fmt::format("pid {}", found.string(0, 0));
  if (!found.at(0, 1).empty())
    text += fmt::format(" ({})", printable(found.at(0, 1)));
  if (!found.at(0, 2).empty())
    text += fmt::format(", {}", printable(found.at(0, 2)));
  if (!found.at(0, 3).empty())
    text += fmt::format(", its transaction began at {}", printable(found.at(0, 3)));
  return text;
}

// A session tells who blocks it only while it waits, so one waits and another one asks.
std::string row_lock_holder(
    const Secret& conninfo, const std::string& table, const std::string& condition, Watch watch) {
  constexpr int k_questions = 20;
  constexpr std::chrono::milliseconds k_pause{25};
  Connection waiter(conninfo, watch);
  Connection asker(conninfo, watch);
  waiter.run("BEGIN; SET LOCAL lock_timeout = '5s'", k_asking);
  const std::string pid = waiter.query("SELECT pg_backend_pid()", {}, k_asking).string(0, 0);
  waiter.send(
      fmt::format("SELECT FROM {} t WHERE {} FOR NO KEY UPDATE", table, condition), {}, k_asking);
  for (int i = 0; i < k_questions && !waiter.answered(k_asking); ++i) {
    const std::string holder = lock_holder(asker, pid);
    if (!holder.empty())
      return holder;
    std::this_thread::sleep_for(k_pause);
  }
  return {};
}

void LockWatch::still_waiting(std::string_view doing) {
  const auto waited = std::chrono::steady_clock::now() - m_start;
  if (waited < m_next)
    return;
  m_next = std::min(2 * m_next, m_next + std::chrono::seconds{10});
  const std::string found = holder();
  if (found.empty())
    return; // at work, or waiting for something else
  if (m_watch.progress != nullptr && found != m_told)
    m_watch.progress->note(
        NoteLevel::warning, fmt::format("waiting for a lock that is held by {}", found));
  m_told = found;
  if (m_watch.patience.count() > 0 && waited > m_watch.patience)
    throw database_error(
        doing, {std::string(k_lock_not_available), fmt::format("the lock is held by {}", found)});
}

std::string LockWatch::holder() const {
  try {
    Connection asker(m_conninfo);
    return lock_holder(asker, std::to_string(m_pid));
  } catch (const Error&) {
    return {}; // no connection left for the question, for one
  }
}

} // namespace embedctl::pg
