#include "core/rows.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

using namespace embedctl;

TEST_CASE("every row state has a name that leads back to it", "[core]") {
  for (std::size_t i = 0; i < k_row_states; ++i) {
    const auto state = static_cast<RowState>(i);
    CHECK(row_state_from(to_string(state)) == state);
  }
  CHECK_THROWS_AS(row_state_from("Written"), Error);
  CHECK_THROWS_AS(row_state_from(""), Error);
}

TEST_CASE("books add up, one by one and together", "[core]") {
  RowCounts a;
  a[RowState::written] = 2;
  a[RowState::skipped] = 1;
  RowCounts b;
  b[RowState::written] = 3;
  b[RowState::failed] = 4;
  a += b;
  CHECK(a[RowState::written] == 5);
  CHECK(a[RowState::failed] == 4);
  CHECK(a.total() == 10);
  CHECK(RowCounts{}.total() == 0);
  CHECK_FALSE(a == b);
}

TEST_CASE("a chunk keeps its columns together and forgets them together", "[core]") {
  AnswerChunk chunk;
  chunk.dims = 2;
  const float first[] = {1, 2};
  const float second[] = {3, 4};
  chunk.add("a", Fingerprint{std::byte{1}}, first);
  chunk.add("b", Fingerprint{std::byte{2}}, second);
  CHECK(chunk.size() == 2);
  CHECK(chunk.values == std::vector<float>{1, 2, 3, 4});
  CHECK(chunk.fingerprints[1][0] == std::byte{2});
  chunk.clear();
  CHECK(chunk.size() == 0);
  CHECK(chunk.values.empty());
  CHECK(chunk.fingerprints.empty());
  CHECK(chunk.dims == 2);
}
