#include "pg/index_build.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pg;

TEST_CASE("a build gets what it needs, and no more than the server can give", "[pg][index]") {
  constexpr std::uint64_t k_mib = std::uint64_t{1} << 20;
  const ServerMemory small{64 * k_mib, 128 * k_mib};
  VectorIndex index;
  index.bytes_per_row = 6964;
  const auto bytes = [&](std::uint64_t rows, const ServerMemory& server) {
    return build_bytes(index, rows, server);
  };
  CHECK(bytes(10, small) == 64 * k_mib);
  CHECK(bytes(20'000, small) > 20'000 * 6964);
  CHECK(bytes(20'000, small) < 160 * k_mib);
  CHECK(bytes(1'000'000, small) == 256 * k_mib);
  CHECK(bytes(1'000'000'000'000, small) == 256 * k_mib);
  CHECK(bytes(1'000'000, {64 * k_mib, 64 * 1024 * k_mib}) == 2048 * k_mib);
  CHECK(bytes(1'000'000, {5000 * k_mib, 128 * k_mib}) == 5000 * k_mib);
  // What is refused with less is not for us to save.
  index.needed_bytes = 900 * k_mib;
  index.bytes_per_row = 0;
  CHECK(bytes(10, small) == 900 * k_mib);
}
