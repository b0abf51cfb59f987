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

// Where the rows live, as far as it can be told apart from another place.
struct DatabaseIdentity {
  std::string name;
  std::string system_identifier; // empty where the server does not tell

  friend bool operator==(const DatabaseIdentity&, const DatabaseIdentity&) = default;
};

// A server may tell its identifier to one role and not to another, so one that is not told says
// nothing.
inline bool may_be_same(const DatabaseIdentity& a, const DatabaseIdentity& b) {
  return a.name == b.name
         && (a.system_identifier.empty() || b.system_identifier.empty()
             || a.system_identifier == b.system_identifier);
}

// Which rows of a task are meant.
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

// Rows that another run has sent or is about to send. `keys` calls its argument for each. It is
// called before the snapshot is taken, so that a run which ends meanwhile, and gives its keys up,
// has its rows filled in the snapshot.
struct InFlight {
  std::string run;
  std::function<void(const std::function<void(std::string_view key)>& take)> keys;
};

struct Selection {
  RowSet rows;
  std::optional<std::uint64_t> limit;
  std::vector<InFlight> in_flight; // rows to leave out
};

// The rows of one task. Real class: pg::TableSource.
class RowSource {
public:
  virtual ~RowSource() = default;

  // Throws Error with a hint if the table cannot take part: table, column, pgvector missing,
  // target of another width or type.
  virtual void check() = 0;

  virtual DatabaseIdentity identity() = 0;

  // The table as this database resolves it, schema included, quoted: "public.items".
  virtual std::string table() = 0;

  // Holds off submits of any of these rows from other machines for as long as what it returns
  // lives: of one scope only those that overlap it. Throws Error{locked} if another has them.
  virtual std::shared_ptr<const void> hold(const RowSet& rows) = 0;

  // Stops at the first row that has no answer; counting them takes as long as reading them.
  virtual RowSetState look(const RowSet& rows) = 0;

  virtual RowSetCounts count(const RowSet& rows) = 0;

  // Streams the rows whose target is NULL and that no one has in flight, out of one
  // snapshot, in flat memory. Returns for each of `in_flight` how many rows were left out.
  virtual std::vector<std::uint64_t>
  select(const Selection& selection, const std::function<void(const SourceRow&)>& take) = 0;

  // How many of these rows still have the text they were selected with, and no vector.
  virtual std::uint64_t
  count_open(std::span<const std::string> keys, std::span<const Fingerprint> fingerprints) = 0;
};

} // namespace embedctl
