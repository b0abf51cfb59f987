#include "cli/exit_code.hpp"

#include "support/catch.hpp"

#include <array>
#include <cstddef>

using namespace embedctl::cli;

TEST_CASE("of two runs the code counts that asks most of a person", "[cli]") {
  // The one that asks most comes first.
  constexpr std::array<int, 6> k_order = {1, 6, 5, 4, 3, 0};
  for (std::size_t worse = 0; worse < k_order.size(); ++worse)
    for (std::size_t other = worse; other < k_order.size(); ++other) {
      CAPTURE(k_order[worse], k_order[other]);
      CHECK(worst_of(k_order[worse], k_order[other]) == k_order[worse]);
      CHECK(worst_of(k_order[other], k_order[worse]) == k_order[worse]);
    }
}
