#include "pipeline/chunk_writer.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_progress.hpp"
#include "support/fake_sink.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::test;

namespace {

struct Writing {
  FakeClock clock;
  FakeProgress progress;
  StopFlag stop;
  FakeSink sink;
  std::map<std::size_t, RowState> settled;

  std::optional<Brake> brake = Brake(0, clock);

  ChunkWriter writer(std::size_t chunk_size, std::size_t dims = 1) {
    return ChunkWriter(
        dims, chunk_size, *brake, sink, {clock, progress, stop},
        [this](std::size_t row, const RowOutcome& outcome) {
          CHECK(settled.emplace(row, outcome.state).second);
        });
  }

  static void add(ChunkWriter& writer, std::size_t rows) {
    for (std::size_t row = 0; row < rows; ++row) {
      const float value[] = {static_cast<float>(row)};
      writer.add(row, fmt::format("row-{}", row), Fingerprint{}, value);
    }
  }
};

} // namespace

TEST_CASE("every row is written once and settled with what became of it", "[pipeline]") {
  Writing world;
  world.sink.fates["row-7"] = RowState::stale;
  world.sink.fates["row-24"] = RowState::missing_row;
  auto writer = world.writer(4);
  Writing::add(writer, 25);
  writer.finish();
  REQUIRE(world.settled.size() == 25);
  CHECK(world.settled[7] == RowState::stale);
  CHECK(world.settled[24] == RowState::missing_row);
  CHECK(world.sink.vectors.size() == 23);
  CHECK(world.sink.vectors["row-23"] == std::vector<float>{23});
  std::sort(world.sink.chunk_sizes.begin(), world.sink.chunk_sizes.end());
  CHECK(world.sink.chunk_sizes == std::vector<std::size_t>{1, 4, 4, 4, 4, 4, 4});
}

TEST_CASE("what becomes of one chunk is thrown, and no further one is begun", "[pipeline]") {
  Writing world;
  world.sink.before_write = [] { throw Error(ErrorKind::database, "no more"); };
  auto writer = world.writer(2);
  CHECK_THROWS_AS(Writing::add(writer, 100), Error);
  CHECK(world.settled.empty());
  CHECK(world.sink.vectors.empty());
}

TEST_CASE("no more rows are written in a second than allowed", "[pipeline]") {
  Writing world;
  world.brake.emplace(500, world.clock);
  for (int batch = 0; batch < 2; ++batch) {
    auto writer = world.writer(250);
    Writing::add(writer, 500);
    writer.finish();
    world.settled.clear();
  }
  const auto slept =
      std::accumulate(world.clock.sleeps.begin(), world.clock.sleeps.end(), Clock::Duration{0});
  CHECK(slept == Clock::Duration{1500}); // the first chunk does not wait
}

TEST_CASE("a chunk has no more rows than a second may have", "[pipeline]") {
  Writing world;
  world.brake.emplace(10, world.clock);
  auto writer = world.writer(1000);
  Writing::add(writer, 20);
  writer.finish();
  CHECK(world.sink.chunk_sizes == std::vector<std::size_t>{10, 10});
}

TEST_CASE("a chunk of wide vectors has few of them", "[pipeline]") {
  Writing world;
  auto writer = world.writer(50'000, 3072);
  const std::vector<float> wide(3072);
  for (std::size_t row = 0; row < 1000; ++row)
    writer.add(row, fmt::format("row-{}", row), Fingerprint{}, wide);
  writer.finish();
  CHECK(world.settled.size() == 1000);
  for (const std::size_t size : world.sink.chunk_sizes)
    CHECK(size * wide.size() * sizeof(float) <= std::size_t{6} << 20);
}
