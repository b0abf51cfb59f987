#pragma once

#include <cstdint>
#include <string_view>

namespace embedctl::pg {

// What the cost of an HNSW or IVFFlat index depends on, with pgvector's defaults.
struct IndexShape {
  bool is_hnsw = true;
  std::uint64_t value_bytes = 0; // of one vector in the index
  std::uint64_t m = 16;
  std::uint64_t ef_construction = 64;
  std::uint64_t lists = 100;
};

// Takes the storage options that a build depends on: "lists", "1000".
void set_option(IndexShape& shape, std::string_view name, std::uint64_t value);

// Seconds to write one row into the index when it is there.
double seconds_per_row(const IndexShape& shape);

// Rows that a build in memory writes in that time.
double build_speed(const IndexShape& shape);

// Memory without which pgvector refuses to build the index.
std::uint64_t needed_bytes(const IndexShape& shape);

// Memory that the build keeps for each row; zero where more memory does not make it faster.
std::uint64_t bytes_per_row(const IndexShape& shape);

// Memory that a server gives to builds, and what it holds itself; in bytes.
struct ServerMemory {
  std::uint64_t maintenance_work_mem = 0;
  std::uint64_t shared_buffers = 0;
};

// The most that a build is given only to be faster.
std::uint64_t most_build_bytes(const ServerMemory& server);

// maintenance_work_mem for a build of so many rows.
std::uint64_t build_bytes(
    std::uint64_t needed_bytes,
    std::uint64_t bytes_per_row,
    std::uint64_t rows,
    const ServerMemory& server);

} // namespace embedctl::pg
