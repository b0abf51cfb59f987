#include "pipeline/movement.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

bool is_general(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::unreachable:
  case ErrorKind::interrupted:
  case ErrorKind::usage:
  case ErrorKind::io:
  case ErrorKind::internal:
    return true;
  case ErrorKind::database:
  case ErrorKind::provider:
  case ErrorKind::corrupt:
  case ErrorKind::locked:
    break;
  }
  return false;
}

// A stop outranks every error; what waiting may fix comes last.
int rank_of(ErrorKind kind) {
  return kind == ErrorKind::unreachable ? 0 : kind == ErrorKind::interrupted ? 2 : 1;
}

} // namespace

void Tally::add(const Outcome& outcome) {
  if (const auto* blocked = std::get_if<Blocked>(&outcome))
    add(blocked->why);
  else if (const auto* wait = std::get_if<WaitUntil>(&outcome))
    m_wait = m_wait ? std::min(*m_wait, wait->time) : wait->time;
}

void Tally::add(const Error& error) {
  if (!m_error || rank_of(error.kind()) > rank_of(m_error->kind()))
    m_error.emplace(error);
}

void Tally::add_held(const Error& error) {
  m_held.push_back(error);
}

bool Tally::has_general_failure() const {
  return m_error && is_general(m_error->kind());
}

Outcome Tally::outcome() const {
  if (has_general_failure())
    throw *m_error;
  if (m_error || !m_held.empty())
    return Blocked{blocked_error(), m_wait};
  if (m_wait)
    return WaitUntil{*m_wait};
  return Done{};
}

// Lists several with the commands that help, as long as a person can read it.
Error Tally::blocked_error() const {
  constexpr std::size_t k_most = 4;
  std::vector<Error> all = m_held;
  if (m_error)
    all.insert(all.begin(), *m_error);
  if (all.size() == 1)
    return all.front();
  std::string what;
  std::vector<std::string> hints;
  for (std::size_t i = 0; i < std::min(all.size(), k_most); ++i) {
    what += fmt::format("{}{}", i == 0 ? "" : "; ", all[i].what());
    if (!all[i].hint().empty() && std::ranges::find(hints, all[i].hint()) == hints.end())
      hints.push_back(all[i].hint());
  }
  if (all.size() > k_most)
    what += fmt::format("; and {} more", all.size() - k_most);
  Error error(all.front().kind(), what, fmt::format("{}", fmt::join(hints, "; ")));
  error.sqlstate = all.front().sqlstate;
  error.provider = all.front().provider;
  return error;
}

void Movement::add(store::BatchRecord& batch) {
  m_pool.add([this, &batch] { move(batch); });
}

Tally Movement::finish() {
  m_pool.finish();
  return m_tally;
}

void Movement::move(store::BatchRecord& batch) {
  {
    const std::lock_guard lock(m_mutex);
    if (m_stopped)
      return;
  }
  const bool is_to_be_sent = !batch.is_sent() || batch.was_refused();
  try {
    m_stop.throw_if_requested();
    const Outcome outcome = m_executor.advance(m_run, batch);
    const std::lock_guard lock(m_mutex);
    m_tally.add(outcome);
  } catch (const Error& error) {
    const std::lock_guard lock(m_mutex);
    m_tally.add(error);
    m_stopped |= is_to_be_sent || m_tally.has_general_failure();
  }
}

} // namespace embedctl::pipeline
