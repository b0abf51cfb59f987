#pragma once

#include "core/rows.hpp"
#include "pg/inspect.hpp"
#include "pg/names.hpp"

#include <array>
#include <string>

namespace embedctl::pg {

// The statements that write. Each takes the parameters $1, keys as text[], $2, fingerprints as
// bytea[], and $3, vectors as vector[], and returns the position of a row among them and what it
// says of the row, as an index of k_codes.
struct WriteSql {
  std::string update;     // written: the row holds our vector now; failed: it holds another or none
  std::string classify;   // of rows that the update did not touch; pending: free to be updated
  std::string examine;    // as AnswerSink::examine()
  std::string lock;       // takes the row locks that are to be had at once, and returns these rows
  std::string lock_now;   // the same for all of the rows, and an error where one is not to be had
  std::string still_ours; // pending: the row does not hold our vector
};

// Where several rows of the table have one key, the lowest code counts.
inline constexpr std::array k_codes = {
    RowState::written,     RowState::pending, RowState::already_set,
    RowState::stale,       RowState::missing_row, RowState::failed};

WriteSql write_sql(const Names& names, const TableShape& shape, bool overwrite);

} // namespace embedctl::pg
