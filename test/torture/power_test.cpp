#include "support/catch.hpp"
#include "torture/loop_disk.hpp"
#include "torture/sweep.hpp"

#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

// One disk for each place.
class Disks {
public:
  LoopDisk& of(const Place& place) {
    const std::lock_guard lock(m_mutex);
    auto& disk = m_disks[&place];
    if (!disk)
      disk = std::make_unique<LoopDisk>();
    return *disk;
  }

private:
  std::mutex m_mutex;
  std::map<const Place*, std::unique_ptr<LoopDisk>> m_disks;
};

bool has_loop_disks() {
  try {
    use_private_mounts();
    const LoopDisk disk;
    return true;
  } catch (const std::exception& error) {
    std::printf("power cuts: skipped, they need root and a loop device: %s\n", error.what());
    return false;
  }
}

// One life, cut off there and led to its end by the same command.
void cut(Place& place, LoopDisk& disk, const Strike& strike, Tally& tally) {
  Life life(place, disk.path());
  const Ending first = life.run(strike);
  const std::string story = fmt::format("{} ({})", to_string(strike), first.struck);
  if (first.struck.empty()) {
    tally.add(story, life.violations());
    return;
  }
  tally.count("power cuts");
  if (!first.was_killed())
    tally.add(story, {fmt::format("it exits {} instead of dying", first.exit_code)});
  disk.start_again();
  const Ending second = life.run();
  if (second.exit_code != k_done)
    tally.add(story, {fmt::format("the second run exits {}: {}", second.exit_code, second.said)});
  tally.add(story, life.violations());
}

} // namespace

TEST_CASE("a run whose power is cut at any operation is finished afterwards", "[torture][power]") {
  const test::TestDatabase outside; // starts the server, which is not to keep the mounts alive
  if (!has_loop_disks())
    return;
  Tally tally;
  Disks disks;
  long count = 0;
  {
    Place place;
    const LoopDisk disk;
    count = count_operations(place, {"power_before", 0, disk.path()}, disk.path());
  }
  tally.count("operations", count);
  count += k_beyond;
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > count)
          return false;
        LoopDisk& disk = disks.of(place);
        const long at = scattered(number, count);
        cut(place, disk, {"power_before", at, disk.path()}, tally);
        cut(place, disk, {"power_after", at, disk.path()}, tally);
        return true;
      },
      time_for_a_sweep());
  tally.conclude("power cuts");
}

} // namespace embedctl::torture
