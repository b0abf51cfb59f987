#include "torture/sweep.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <thread>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

// More of the same help nobody.
constexpr std::size_t k_most_told = 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// A command that fails says why, with a code of the documented ones.
void check_failure(const std::string& story, const Ending& ending, Tally& tally) {
  constexpr std::array k_documented = {0, 1, k_done, 4, 6};
  const int code = ending.exit_code;
  if (std::find(k_documented.begin(), k_documented.end(), code) == k_documented.end())
    tally.add(story, {fmt::format("it exits {}: {}", code, ending.said)});
  else if ((code == 1 || code == 6) && ending.said.find("embedctl: error: ") == std::string::npos)
    tally.add(story, {"it fails without a word: " + ending.said});
}

} // namespace

std::optional<std::chrono::seconds> time_for_a_sweep() {
  constexpr std::chrono::seconds k_usual{6};
  const std::string wish = variable("EMBEDCTL_TORTURE_SECONDS");
  if (wish == "all")
    return std::nullopt;
  return wish.empty() ? k_usual : std::chrono::seconds(std::stol(wish));
}

std::uint64_t seed() {
  const std::string wish = variable("EMBEDCTL_TORTURE_SEED");
  return wish.empty() ? 1 : std::stoull(wish);
}

long scattered(long number, long count) {
  // The golden section jumps far, whatever the count; having no divisor in common with it, the step
  // comes everywhere.
  auto step = static_cast<long>(static_cast<double>(count) * 0.618);
  while (std::gcd(step, count) != 1)
    ++step;
  return 1 + (number + static_cast<long>(seed() % 1'000'000)) % count * step % count;
}

void Tally::add(const std::string& story, const std::vector<std::string>& violations) {
  const std::lock_guard lock(m_mutex);
  for (const std::string& violation : violations)
    m_violations.push_back(story + ": " + violation);
}

void Tally::count(const std::string& what, long more) {
  const std::lock_guard lock(m_mutex);
  const auto known = std::find_if(
      m_counts.begin(), m_counts.end(), [&](const auto& pair) { return pair.first == what; });
  if (known == m_counts.end())
    m_counts.emplace_back(what, more);
  else
    known->second += more;
}

void Tally::conclude(const std::string& name) {
  std::string line = name + ": ";
  for (const auto& [what, count] : m_counts)
    line += fmt::format("{} {}, ", count, what);
  line += fmt::format("{} violations", m_violations.size());
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  std::string told;
  for (std::size_t i = 0; i < std::min(m_violations.size(), k_most_told); ++i)
    told += m_violations[i] + "\n";
  INFO(told);
  CHECK(m_violations.empty());
  // A sweep that swept nothing proves nothing.
  CHECK(std::any_of(
      m_counts.begin(), m_counts.end(), [](const auto& pair) { return pair.second > 0; }));
}

void finish_life(const std::string& story, Life& life, const Ending& first, Tally& tally) {
  if (first.was_killed())
    tally.count("deaths");
  else
    check_failure(story, first, tally);
  if (first.exit_code != k_done) {
    tally.count("gone on with");
    const Ending second = life.run();
    if (second.exit_code != k_done)
      tally.add(story, {fmt::format("the second run exits {}: {}", second.exit_code, second.said)});
  }
  tally.add(story, life.violations());
}

long count_operations(Place& place, const Strike& strike, const fs::path& batches_dir) {
  Life life(place, batches_dir);
  const long counted = life.run(strike).counted;
  life.violations();
  return counted;
}

void sweep(
    Tally& tally,
    const Step& step,
    std::optional<std::chrono::seconds> limit,
    std::size_t threads) {
  // Made one after the other: the test's own tools are not for several threads.
  std::vector<std::unique_ptr<Place>> places;
  for (std::size_t i = 0; i < threads; ++i)
    places.push_back(std::make_unique<Place>());
  const auto start = std::chrono::steady_clock::now();
  std::atomic<long> next{0};
  std::atomic<bool> done{false};
  const auto work = [&](Place& place) {
    while (!done && (!limit || std::chrono::steady_clock::now() - start < *limit)) {
      const long number = ++next;
      try {
        if (!step(place, number))
          done = true;
      } catch (const std::exception& error) {
        tally.add(fmt::format("number {}", number), {error.what()});
      }
    }
  };
  std::vector<std::thread> workers;
  for (const auto& place : places)
    workers.emplace_back([&work, &place] { work(*place); });
  for (std::thread& worker : workers)
    worker.join();
}

} // namespace embedctl::torture
