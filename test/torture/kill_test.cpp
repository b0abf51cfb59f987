#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

void must_be_killed(const std::string& story, const Ending& ending, Tally& tally) {
  tally.count("kills");
  if (!ending.was_killed())
    tally.add(story, {fmt::format("it exits {} instead of dying", ending.exit_code)});
}

// The command that is to bring all to its end.
void finish(const std::string& story, Life& life, Tally& tally) {
  const Ending last = life.run();
  if (last.exit_code != k_done)
    tally.add(story, {fmt::format("the last run exits {}: {}", last.exit_code, last.said)});
  tally.add(story, life.violations());
}

std::string story_of(const Strike& strike, const Ending& ending) {
  return fmt::format("{} ({})", to_string(strike), ending.struck);
}

// One life, killed there and led to its end by the same command.
void kill(Place& place, const Strike& strike, Tally& tally) {
  Life life(place);
  const Ending first = life.run(strike);
  const std::string story = story_of(strike, first);
  if (first.struck.empty()) {
    if (first.exit_code != k_done)
      tally.add(story, {fmt::format("unstruck, it exits {}: {}", first.exit_code, first.said)});
    tally.add(story, life.violations());
    return;
  }
  must_be_killed(story, first, tally);
  finish(story, life, tally);
}

// The verbs one by one, as cron jobs of a careful user.
constexpr std::array<const char*, 3> k_steps = {"submit", "status", "ingest"};

e2e::Arguments step(const Life& life, std::size_t number) {
  if (number == 0) {
    e2e::Arguments submit = {"submit", "--family-id", life.family()};
    const e2e::Arguments options = life.submit_options();
    submit.insert(submit.end(), options.begin(), options.end());
    return submit;
  }
  const auto runs = life.runs();
  const std::string run_dir = runs.empty() ? "none" : runs.back().string();
  if (number == 1)
    return {"status", "--run-dir", run_dir, "--update-json"};
  return {"ingest", "--run-dir", run_dir};
}

// Kills one of the steps, does it again and goes on.
void kill_step(Place& place, std::size_t number, const Strike& strike, Tally& tally) {
  Life life(place);
  for (std::size_t earlier = 0; earlier < number; ++earlier)
    life.command(step(life, earlier));
  const Ending killed = life.command(step(life, number), strike);
  const std::string story = fmt::format("{}, {}", k_steps[number], story_of(strike, killed));
  if (!killed.struck.empty())
    must_be_killed(story, killed, tally);
  const Ending again = life.command(step(life, number));
  if (again.exit_code != 0 && again.exit_code != k_done)
    tally.add(story, {fmt::format("again, it exits {}: {}", again.exit_code, again.said)});
  finish(story, life, tally);
}

long count_operations_of_step(std::size_t number) {
  Place place;
  Life life(place);
  for (std::size_t earlier = 0; earlier < number; ++earlier)
    life.command(step(life, earlier));
  const Ending ending = life.command(step(life, number), Strike{"kill_before", 0});
  life.run();
  life.violations();
  return ending.counted;
}

} // namespace

TEST_CASE("a run killed at any operation is finished by the same command", "[torture][kill]") {
  Tally tally;
  long count = 0;
  {
    Place place;
    count = count_operations(place, {"kill_before", 0});
  }
  tally.count("operations", count);
  count += k_beyond;
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > count)
          return false;
        const long at = scattered(number, count);
        kill(place, {"kill_before", at}, tally);
        kill(place, {"kill_after", at}, tally);
        return true;
      },
      time_for_a_sweep());
  tally.conclude("kill sweep");
}

TEST_CASE("each verb killed at any operation is simply done again", "[torture][kill]") {
  Tally tally;
  std::array<long, k_steps.size()> counts{};
  long all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i)
    all += counts[i] = count_operations_of_step(i);
  tally.count("operations", all);
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > all)
          return false;
        long at = scattered(number, all);
        std::size_t verb = 0;
        while (at > counts[verb])
          at -= counts[verb++];
        kill_step(place, verb, {"kill_before", at}, tally);
        kill_step(place, verb, {"kill_after", at}, tally);
        return true;
      },
      time_for_a_sweep());
  tally.conclude("kill sweep, verb by verb");
}

// To be killed before an operation is to be killed after the one before it.
TEST_CASE("a recovery that is killed as well is finished by a third run", "[torture][kill]") {
  Tally tally;
  long count = 0;
  {
    Place place;
    count = count_operations(place, {"kill_before", 0});
  }
  tally.count("possible pairs", count * count);
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > count * count)
          return false;
        const long pair = scattered(number, count * count) - 1;
        const Strike first{"kill_after", 1 + pair / count};
        const Strike second{"kill_after", 1 + pair % count};
        Life life(place);
        const Ending killed = life.run(first);
        const Ending recovery = life.run(second);
        tally.count("pairs", killed.was_killed() && recovery.was_killed() ? 1 : 0);
        finish(story_of(first, killed) + " and then " + story_of(second, recovery), life, tally);
        return true;
      },
      time_for_a_sweep());
  tally.conclude("pairs of kills");
}

} // namespace embedctl::torture
