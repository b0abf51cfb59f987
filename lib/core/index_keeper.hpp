#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace embedctl {

// An index that makes writing vectors slow, with everything needed to recreate it. Names are
// schema-qualified SQL identifiers.
struct VectorIndex {
  struct Statistics {
    int column = 0;
    int target = 0;

    friend bool operator==(const Statistics&, const Statistics&) = default;
  };

  std::string name;
  std::string table;
  std::uint64_t table_id = 0; // tells a table that was renamed from one that was dropped
  std::string definition;     // CREATE INDEX …
  std::string tablespace;     // empty: the database's own
  std::string comment;
  std::vector<Statistics> statistics; // targets that were set for columns of the index
  std::string parent;                 // the partitioned table's index that it is a part of, if any
  std::uint64_t needed_bytes = 0;     // of memory, without which a build is refused
  std::uint64_t bytes_per_row = 0;    // of memory, without which a build is slow

  friend bool operator==(const VectorIndex&, const VectorIndex&) = default;
};

// How the target column's indexes affect a write.
struct IndexSurvey {
  // Parents come before their parts.
  std::vector<VectorIndex> indexes;

  // Why this user cannot drop and rebuild them: one line per reason.
  std::vector<std::string> obstacles;

  // Estimated seconds that they add per row written, from their types and widths.
  double seconds_per_row = 0;

  // How many rows a build writes in the time of one insert into the finished index, and how many
  // rows fit in memory, beyond which a build slows down. Figures of the worst index.
  double build_speed = std::numeric_limits<double>::infinity();
  std::uint64_t rows_in_memory = std::numeric_limits<std::uint64_t>::max();
};

enum class Rebuilt {
  built,      // now
  found,      // it was there
  table_gone, // with its index
};

// The HNSW and IVFFlat indexes of the target column, partitions included. Real class:
// pg::TableIndexes.
class IndexKeeper {
public:
  virtual ~IndexKeeper() = default;

  virtual IndexSurvey survey() = 0;

  // Number of rows with a vector. Scans the whole table.
  virtual std::uint64_t count_vectors() = 0;

  // Drops everything survey() returns, in one transaction. Calls `record` with the indexes once
  // they are locked and before the first is dropped. Waits only briefly for its lock: throws
  // Error{locked} naming the holder. If it throws after `record` was called, an index may be gone.
  using Record = std::function<void(const std::vector<VectorIndex>& indexes)>;
  virtual void drop(const Record& record) = 0;

  // Builds the index unless it exists. Throws Error if another index has its name, and
  // Error{interrupted} on a stop request; may be called again after any exception.
  virtual Rebuilt build(const VectorIndex& index) = 0;
};

} // namespace embedctl
