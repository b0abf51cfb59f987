#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

// One life, killed there and led to its end by the same command. False if it ended before.
bool kill(Place& place, const Strike& strike, Tally& tally) {
  Life life(place);
  const Ending first = life.run(strike);
  const std::string story = fmt::format("{} ({})", to_string(strike), first.struck);
  if (first.struck.empty()) {
    if (first.exit_code != k_done)
      tally.add(story, {fmt::format("unstruck, it exits {}: {}", first.exit_code, first.said)});
    tally.add(story, life.violations());
    return false;
  }
  tally.count("kills");
  if (!first.was_killed())
    tally.add(story, {fmt::format("it exits {} instead of dying", first.exit_code)});
  const Ending second = life.run();
  if (second.exit_code != k_done)
    tally.add(story, {fmt::format("the second run exits {}: {}", second.exit_code, second.said)});
  tally.add(story, life.violations());
  return true;
}

} // namespace

TEST_CASE("a run killed at any operation is finished by the same command", "[torture][kill]") {
  Tally tally;
  sweep(tally, [&](Place& place, long number) {
    const bool before = kill(place, {"kill_before", number}, tally);
    const bool after = kill(place, {"kill_after", number}, tally);
    if (before || after)
      tally.count("operations");
    return before || after;
  });
  tally.conclude("kill sweep");
}

} // namespace embedctl::torture
