#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

constexpr long k_mebibyte = 1024; // as /proc counts, in KiB

// What peaks differ by from run to run. A leak of 1 KB a row is more, over the rows by which they
// differ in number.
constexpr long k_noise = 4 * k_mebibyte;

// The most memory that the process has had until now.
long peak_of(pid_t process) {
  for (const std::string& line : lines_of(fmt::format("/proc/{}/status", process)))
    if (line.starts_with("VmHWM:"))
      return std::stol(line.substr(6));
  return 0; // it has ended
}

// Runs the command to its end, which must be a good one.
long peak_memory(const World& world, const Arguments& arguments) {
  const auto process = world.start(arguments);
  long peak = 0;
  while (!process->has_ended()) {
    peak = std::max(peak, peak_of(process->id()));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const Outcome outcome = process->wait();
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  return peak;
}

struct Peaks {
  long submit = 0;
  long ingest = 0;
  long again = 0; // with every row written already, as after a crash
};

Peaks embed(const World& world, int family_number, int from, int rows) {
  world.add_chunks(family_number, from, rows);
  Peaks peaks;
  peaks.submit =
      peak_memory(world, {"submit", "--family-id", family(family_number), "--encoding", "float"});
  world.let_pass();
  const std::string run_dir = only_run(world, family_number);
  peaks.ingest = peak_memory(world, {"ingest", "--run-dir", run_dir});
  peaks.again = peak_memory(world, {"ingest", "--run-dir", run_dir, "--redownload"});
  return peaks;
}

} // namespace

TEST_CASE("memory does not grow with the rows, and stays below 64 MiB", "[e2e][memory]") {
  constexpr int k_few = 3'000;
  constexpr int k_many = 9'000; // results of 300 MB
  const World world;
  world.add_family(2);
  const Peaks few = embed(world, 1, 1, k_few);
  const Peaks many = embed(world, 2, 1 + k_few, k_many);
  REQUIRE(world.count("embedding IS NOT NULL") == k_few + k_many);
  CHECK(many.ingest < 64 * k_mebibyte);
  CHECK(many.ingest < few.ingest + k_noise);
  CHECK(many.again < 64 * k_mebibyte);
  CHECK(many.again < few.again + k_noise);
  CHECK(many.submit < 64 * k_mebibyte);
  CHECK(many.submit < few.submit + k_noise);
}

} // namespace embedctl::e2e
