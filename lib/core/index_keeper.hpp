#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace embedctl {

// An index that is slow to write vectors into, with all it takes to make it again as it is. Names
// are as SQL writes them, with their schema.
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

// What the target column's indexes mean to one who is about to write it.
struct IndexSurvey {
  // Parents come before their parts.
  std::vector<VectorIndex> indexes;

  // Why they cannot be dropped and built again by this user: one line for each reason.
  std::vector<std::string> obstacles;

  // Seconds that they add to the writing of one row: a guess from their kinds and widths.
  double seconds_per_row = 0;

  // Rows that a build writes in the time of one row written into the finished index, and how many
  // it can keep in memory: only for these it is that fast. Of the worst of them.
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

  // Rows of the table that have a vector. Reads all of the table.
  virtual std::uint64_t count_vectors() = 0;

  // Drops all that survey() would tell now, in one transaction. Once nobody else can change them
  // and before the first is dropped, calls `record` with them. Does not wait long for its lock:
  // throws Error{locked} naming who has one. Whatever it throws, an index may be gone if `record`
  // was called.
  using Record = std::function<void(const std::vector<VectorIndex>& indexes)>;
  virtual void drop(const Record& record) = 0;

  // Builds the index unless it is there. Throws Error if another one has its name, and
  // Error{interrupted} when asked to stop; it may be called again whatever it threw.
  virtual Rebuilt build(const VectorIndex& index) = 0;
};

} // namespace embedctl
