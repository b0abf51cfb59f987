#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

void fault(Place& place, const Strike& strike, Tally& tally) {
  Life life(place);
  const Ending first = life.run(strike);
  const std::string story = fmt::format("{} ({})", to_string(strike), first.struck);
  finish_life(story, life, first, tally);
  if (!first.struck.empty())
    tally.count("faults");
}

void sweep_faults(const std::string& how) {
  Tally tally;
  long count = 0;
  {
    Place place;
    count = count_operations(place, {how, 0});
  }
  tally.count("operations", count);
  count += k_beyond;
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > count)
          return false;
        fault(place, {how, scattered(number, count)}, tally);
        return true;
      },
      time_for_a_sweep(), 8);
  tally.conclude("fault sweep, " + how);
}

} // namespace

TEST_CASE("a disk that fails at any operation loses nothing", "[torture][fault]") {
  sweep_faults("eio");
}

TEST_CASE("a disk that has no room for a moment loses nothing", "[torture][fault]") {
  sweep_faults("enospc");
}

TEST_CASE("a disk that is full from any operation on loses nothing", "[torture][fault]") {
  sweep_faults("enospc_on");
}

TEST_CASE("a write or a transfer cut in half at any operation loses nothing", "[torture][fault]") {
  sweep_faults("short");
}

TEST_CASE("a write that a crash tears at any operation loses nothing", "[torture][fault]") {
  sweep_faults("torn");
}

TEST_CASE("a connection reset at any operation loses nothing", "[torture][fault]") {
  sweep_faults("reset");
}

} // namespace embedctl::torture
