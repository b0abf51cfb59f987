#include "pg/index_cost.hpp"

#include <algorithm>

namespace embedctl::pg {

namespace {

// Measured with pgvector 0.8 on two cores: 2.5 ms for an insert into an HNSW index over 20,000
// vectors of this size, 5 to 8 ms while the cores had other work, and 0.1 ms for one into an
// IVFFlat index of 100 lists. Two connections write, so a row takes half of that. Building the
// first took a third to an eighth for each row; the worse of these counts, because queries do
// without the index meanwhile.
constexpr double k_measured_bytes = 6152; // of a vector of 1536 numbers

// Above this a build has to make do, unless the server itself gives more.
constexpr std::uint64_t k_most_bytes = std::uint64_t{2} << 30;

// For what a parallel build keeps beside the graph.
constexpr std::uint64_t k_margin = std::uint64_t{8} << 20;

} // namespace

void set_option(IndexShape& shape, std::string_view name, std::uint64_t value) {
  if (name == "m")
    shape.m = value;
  else if (name == "ef_construction")
    shape.ef_construction = value;
  else if (name == "lists")
    shape.lists = value;
}

double seconds_per_row(const IndexShape& shape) {
  const double width = static_cast<double>(shape.value_bytes) / k_measured_bytes;
  // An insert compares the vector with those that it meets on its way, or with every list's centre.
  return shape.is_hnsw ? 0.002 * width * static_cast<double>(shape.ef_construction) / 64
                             * static_cast<double>(shape.m) / 16
                       : 0.0001 * width * std::max(1.0, static_cast<double>(shape.lists) / 100);
}

double build_speed(const IndexShape& shape) {
  return shape.is_hnsw ? 3 : 1.5;
}

// The samples and the bounds of the k-means that finds the centres, as pgvector adds them up.
std::uint64_t needed_bytes(const IndexShape& shape) {
  if (shape.is_hnsw)
    return 0;
  const std::uint64_t samples = std::max<std::uint64_t>(50 * shape.lists, 10'000);
  const std::uint64_t centres = 3 * shape.lists * shape.value_bytes;
  const std::uint64_t bounds = 4 * (samples + shape.lists) * (shape.lists + 2);
  return samples * shape.value_bytes + centres + bounds + (std::uint64_t{1} << 20);
}

// The vector, and its neighbours: twice m on the ground floor, 16 bytes each.
std::uint64_t bytes_per_row(const IndexShape& shape) {
  return shape.is_hnsw ? shape.value_bytes + 32 * shape.m + 300 : 0;
}

// A server tells nothing of its machine but shared_buffers, which by custom are a quarter of the
// memory: twice that is half of it.
std::uint64_t most_build_bytes(const ServerMemory& server) {
  return std::max(server.maintenance_work_mem, std::min(k_most_bytes, 2 * server.shared_buffers));
}

std::uint64_t build_bytes(
    std::uint64_t needed_bytes,
    std::uint64_t bytes_per_row,
    std::uint64_t rows,
    const ServerMemory& server) {
  const std::uint64_t most = most_build_bytes(server);
  const bool all_fit = bytes_per_row == 0 || rows < most / bytes_per_row;
  const std::uint64_t useful = all_fit ? rows * bytes_per_row + k_margin : most;
  return std::max({server.maintenance_work_mem, needed_bytes, std::min(useful, most)});
}

} // namespace embedctl::pg
