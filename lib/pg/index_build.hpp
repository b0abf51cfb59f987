#pragma once

#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/index_keeper.hpp"
#include "core/progress_sink.hpp"
#include "pg/connection.hpp"

#include <cstdint>

namespace embedctl::pg {

// Memory that a server gives to builds, and what it holds itself; in bytes.
struct ServerMemory {
  std::uint64_t maintenance_work_mem = 0;
  std::uint64_t shared_buffers = 0;
};
ServerMemory server_memory(Connection& connection);

// The most that a build is given only to be faster.
std::uint64_t most_build_bytes(const ServerMemory& server);

// maintenance_work_mem for building the index over so many rows.
std::uint64_t
build_bytes(const VectorIndex& index, std::uint64_t rows, const ServerMemory& server);

// Gives the transaction the memory and the workers for building this index over so many rows.
// `modestly`: no more memory than it must have, and one process.
void prepare_build(
    Connection& connection,
    const VectorIndex& index,
    std::uint64_t rows,
    bool modestly,
    ProgressSink& progress);

// Builds it, and meanwhile asks on a second connection how far the server is.
void run_build(
    Connection& connection,
    const VectorIndex& index,
    std::uint64_t rows,
    const Secret& conninfo,
    Clock& clock,
    ProgressSink& progress);

} // namespace embedctl::pg
