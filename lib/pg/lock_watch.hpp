#pragma once

#include "pg/connection.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace embedctl::pg {

// Who keeps this server process waiting for a lock, for people: "pid 4711 (psql), idle in
// transaction since 2026-11-24 18:03:11"; "" if nobody does or the server does not say.
std::string lock_holder(Connection& asker, const std::string& waiting_pid);

// Who has the row locked that the condition on t names; "" if nobody has by now.
std::string row_lock_holder(
    const Secret& conninfo, const std::string& table, const std::string& condition, Watch watch);

// While a statement runs for long: says once who holds the lock that it waits for, and gives up
// where the session's patience ends.
class LockWatch {
public:
  LockWatch(const Secret& conninfo, int pid, Watch watch)
      : m_conninfo(conninfo), m_pid(pid), m_watch(watch) {}

  // Called about once a second. Throws Error{unreachable} when the patience ends.
  void still_waiting(std::string_view doing);

private:
  std::string holder() const;

  const Secret& m_conninfo;
  int m_pid;
  Watch m_watch;
  std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
  std::chrono::seconds m_next{2};
  std::string m_told;
};

} // namespace embedctl::pg
