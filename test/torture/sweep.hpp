#pragma once

#include "torture/life.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::torture {

// How long a sweep goes on; nullopt where all of it is to be done. From EMBEDCTL_TORTURE_SECONDS:
// seconds for each sweep, or "all"; six where it is not set.
std::optional<std::chrono::seconds> time_for_a_sweep();

// Decides in which order a sweep goes; from EMBEDCTL_TORTURE_SEED.
std::uint64_t seed();

// Numbers from 1 to `count` in an order that jumps, so that a sweep cut short has seen all parts.
long scattered(long number, long count);

// What a sweep has seen. May be used from many threads.
class Tally {
public:
  // Takes note of what is wrong, with what led there.
  void add(const std::string& story, const std::vector<std::string>& violations);
  void count(const std::string& what, long more = 1);

  // The one line that sums up: "kill sweep: 213 operations, 426 kills, 0 violations". Prints it,
  // and fails the test, telling the first of them, if there are violations.
  void conclude(const std::string& name);

private:
  std::mutex m_mutex;
  std::vector<std::pair<std::string, long>> m_counts; // in the order of their first mention
  std::vector<std::string> m_violations;
};

// After a first command that met faults, the same one without. What fails must say why and end with
// a documented code; what says that all is done must have done all.
void finish_life(const std::string& story, Life& life, const Ending& first, Tally& tally);

// How many operations a run has that can be struck so, if none is. Chance changes it a little: what
// sweeps over them goes some way beyond.
long count_operations(Place& place, const Strike& strike, const fs::path& batches_dir = {});
inline constexpr long k_beyond = 5;

// What a sweep does with number 1, 2, …; false if there is no more to do. Throwing is a violation.
using Step = std::function<bool(Place& place, long number)>;

// Several threads, each with its own place, take the numbers in order until a step says that there
// is no more, or time is up. The threads are more than the processors, because steps mostly wait.
void sweep(
    Tally& tally,
    const Step& step,
    std::optional<std::chrono::seconds> limit = std::nullopt,
    std::size_t threads = 4);

} // namespace embedctl::torture
