#pragma once

#include "core/rows.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace embedctl {

// Identifies a database, as far as possible.
struct DatabaseIdentity {
  std::string name;
  std::string system_identifier; // empty where the server does not tell

  friend bool operator==(const DatabaseIdentity&, const DatabaseIdentity&) = default;
};

// A server may reveal its identifier to one role and not to another, so a missing one matches any.
inline bool may_be_same(const DatabaseIdentity& a, const DatabaseIdentity& b) {
  return a.name == b.name
         && (a.system_identifier.empty() || b.system_identifier.empty()
             || a.system_identifier == b.system_identifier);
}

// The rows of a task that a run covers.
struct RowsOfScope {
  std::string scope;
};
struct RowsOfKeys {
  std::vector<std::string> keys;
};
struct AllRows {};
using RowSet = std::variant<RowsOfScope, RowsOfKeys, AllRows>;

struct RowSetState {
  bool exists = false;   // false for a scope that does not
  bool complete = false; // no row without an answer
};

struct RowSetCounts {
  std::uint64_t rows = 0;
  std::uint64_t filled = 0;
};

struct UnchangedCounts {
  std::uint64_t rows = 0;
  std::uint64_t open = 0; // of these, without an answer
};

// Rows that another run has sent or is about to send. `keys` calls its argument for each. Called
// before the snapshot is taken: if that run ends meanwhile and releases its keys, the snapshot sees
// its rows filled.
struct InFlight {
  std::string run;
  std::function<void(const std::function<void(std::string_view key)>& take)> keys;
};

struct Selection {
  RowSet rows;
  std::optional<std::uint64_t> limit;
  std::vector<InFlight> in_flight; // rows to leave out
  bool to_be_sent = false;         // not from a standby, whose rows may be outdated
};

// The rows of one task. Real class: pg::TableSource.
class RowSource {
public:
  virtual ~RowSource() = default;

  // Throws Error with a hint if the table cannot be used: table, column or pgvector missing, or a
  // target of the wrong width or type.
  virtual void check() = 0;

  // Throws Error, with a hint, where the answers for the due rows of the set could not be written:
  // on a standby, in a read-only session, or where rights, rules or policies refuse the update.
  // Called before anything is sent. Changes nothing.
  virtual void check_writable(const RowSet& rows) = 0;

  virtual DatabaseIdentity identity() = 0;

  // The table as this database resolves it, schema-qualified and quoted: "public.items".
  virtual std::string table() = 0;

  // Locks these rows against submits from other machines while the returned object lives; claims of
  // different scopes do not conflict. Throws Error{locked} if another process has the lock.
  virtual std::shared_ptr<const void> hold(const RowSet& rows) = 0;

  // Stops at the first row without an answer; counting them takes as long as reading them.
  virtual RowSetState look(const RowSet& rows) = 0;

  virtual RowSetCounts count(const RowSet& rows) = 0;

  // Streams the rows whose target is NULL and that are not in flight, from one snapshot, in
  // constant memory. Returns how many rows were skipped for each of `in_flight`.
  virtual std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) = 0;

  // Of these rows, those that still have the text they were selected with.
  virtual UnchangedCounts count_unchanged(
      std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) = 0;
};

} // namespace embedctl
