#include "pg/index_cost.hpp"

#include "support/catch.hpp"

using namespace embedctl::pg;

namespace {

constexpr std::uint64_t k_mib = std::uint64_t{1} << 20;

IndexShape hnsw() {
  IndexShape shape;
  shape.value_bytes = 6152;
  return shape;
}

IndexShape ivfflat(std::uint64_t lists) {
  IndexShape shape = hnsw();
  shape.is_hnsw = false;
  shape.lists = lists;
  return shape;
}

} // namespace

TEST_CASE("an index costs more the more it has to compare", "[pg][index]") {
  IndexShape shape = hnsw();
  const double usual = seconds_per_row(shape);
  CHECK(usual > 0.001);
  set_option(shape, "ef_construction", 128);
  CHECK(seconds_per_row(shape) > 1.9 * usual);
  set_option(shape, "fillfactor", 10);
  CHECK(seconds_per_row(shape) > 1.9 * usual);
  CHECK(seconds_per_row(ivfflat(100)) < usual / 10);
  CHECK(seconds_per_row(ivfflat(1000)) > seconds_per_row(ivfflat(100)));
}

TEST_CASE("a build gets what it needs, and no more than the server can give", "[pg][index]") {
  const ServerMemory small{64 * k_mib, 128 * k_mib};
  const auto bytes = [&](std::uint64_t rows, const ServerMemory& server) {
    return build_bytes(0, bytes_per_row(hnsw()), rows, server);
  };
  CHECK(bytes(10, small) == 64 * k_mib);
  CHECK(bytes(20'000, small) > 20'000 * 6152);
  CHECK(bytes(20'000, small) < 160 * k_mib);
  CHECK(bytes(1'000'000, small) == 256 * k_mib);
  CHECK(bytes(1'000'000'000'000, small) == 256 * k_mib);
  CHECK(bytes(1'000'000, {64 * k_mib, 64 * 1024 * k_mib}) == 2048 * k_mib);
  CHECK(bytes(1'000'000, {5000 * k_mib, 128 * k_mib}) == 5000 * k_mib);
  // What is refused with less is not for us to save.
  CHECK(build_bytes(900 * k_mib, 0, 10, small) == 900 * k_mib);
}

TEST_CASE("the memory that an IVFFlat build must have grows with its lists", "[pg][index]") {
  CHECK(needed_bytes(hnsw()) == 0);
  CHECK(needed_bytes(ivfflat(100)) > 10'000 * 6152);
  CHECK(needed_bytes(ivfflat(1000)) > 50'000 * 6152 + 50'000 * 1000 * 4);
}
