#pragma once

#include "sandbox/batch.hpp"
#include "sandbox/disk.hpp"
#include "sandbox/ledger.hpp"

#include <span>
#include <string_view>

namespace embedctl::sandbox {

// Working files of a batch, in the common batches folder.
struct BatchPaths {
  BatchPaths(const fs::path& dir, const std::string& id)
      : state(dir / (id + ".json")),
        input(dir / (id + ".input")),
        places(dir / (id + ".places")),
        output(dir / (id + ".output")),
        errors(dir / (id + ".errors")) {}

  fs::path state;
  fs::path input;  // a second name of the input file, which may be deleted meanwhile
  fs::path places; // where each request is in the input, in the order in which they are run
  fs::path output;
  fs::path errors;
};

// Runs batch requests from disk to disk in constant memory. Single-threaded.
class Executor {
public:
  // Every `fail_every`-th line fails, alternating both kinds of failure; 0: none.
  Executor(Ledger& ledger, std::uint64_t fail_every, std::uint64_t seed)
      : m_ledger(ledger), m_fail_every(fail_every), m_seed(seed) {}

  // Chooses the order and records it.
  void plan(const BatchPaths& paths, std::vector<RequestPlace> requests) const;

  // Runs requests from the batch's position up to `until`, or fewer if there are many; updates
  // batch.progress. Output, errors and ledger are flushed on return.
  void run(const BatchPaths& paths, Batch& batch, std::uint64_t until);

  // Writes an error line for each request that did not run.
  void
  give_up(const BatchPaths& paths, Batch& batch, std::string_view code, std::string_view message);

private:
  class Slice;

  Ledger& m_ledger;
  std::uint64_t m_fail_every;
  std::uint64_t m_seed;
};

} // namespace embedctl::sandbox
