#pragma once

#include "base/error.hpp"
#include "pipeline/advance.hpp"
#include "pipeline/batch_executor.hpp"
#include "pipeline/submit.hpp"
#include "store/ledger.hpp"

#include "support/fake_clock.hpp"
#include "support/fake_index_keeper.hpp"
#include "support/fake_progress.hpp"
#include "support/fake_provider.hpp"
#include "support/fake_sink.hpp"
#include "support/fake_source.hpp"
#include "support/records.hpp"
#include "support/scratch_folder.hpp"

#include <functional>
#include <memory>
#include <string>

#include <fmt/format.h>

namespace embedctl::test {

// What a process that is killed throws: nothing in the program catches it.
struct Killed {};

// Lets something happen while the program sleeps.
class BusyClock : public FakeClock {
public:
  void sleep_for(Duration duration) override {
    FakeClock::sleep_for(duration);
    if (on_sleep)
      on_sleep();
  }
  std::function<void()> on_sleep;
};

// Everything a verb works with, all of it in memory but the run folders. Rows are named row-0,
// row-1, …; the vector of row-N is {N, 0.5}.
struct World {
  ScratchFolder scratch;
  BusyClock clock;
  FakeProgress progress;
  StopFlag stop;
  FakeProvider provider;
  FakeSource source;
  FakeSink sink;
  FakeIndexKeeper keeper;

  explicit World(int rows = 0) {
    for (int i = 0; i < rows; ++i)
      source.rows.push_back({fmt::format("row-{}", i), fmt::format("text {}", i)});
  }

  // A test that sets other options of the executor makes one.
  std::unique_ptr<pipeline::BatchExecutor> executor = make_executor();

  std::unique_ptr<pipeline::BatchExecutor> make_executor(pipeline::BatchExecutorOptions how = {}) {
    const auto open = [this]() -> BatchProvider& {
      if (!has_key)
        throw Error(ErrorKind::usage, "OPENAI_API_KEY is not set");
      return provider;
    };
    return std::make_unique<pipeline::BatchExecutor>(open, runtime(), how);
  }
  bool has_key = true;

  pipeline::Runtime runtime() { return {clock, progress, stop}; }
  pipeline::Ports ports() { return {source, *executor, sink, &keeper, runtime()}; }

  pipeline::SubmitOptions options(std::uint64_t requests_per_batch = 1000) {
    pipeline::SubmitOptions options;
    options.batches_dir = scratch / "batches";
    options.task = entities::built_in_task();
    options.task.request.dims = 2;
    options.scope = k_scope;
    options.task.request.encoding = "float";
    options.version = "0.1.0";
    options.limits.requests = requests_per_batch;
    options.parallel = 2;
    return options;
  }

  store::Run submit(std::uint64_t requests_per_batch = 1000) {
    return submit(options(requests_per_batch));
  }

  store::Run submit(const pipeline::SubmitOptions& options) {
    auto report = pipeline::submit(options, ports());
    if (const auto* blocked = std::get_if<pipeline::Blocked>(&report.outcome))
      throw blocked->why;
    return *std::move(report.run);
  }

  static std::string result_line(const std::string& key, const std::string& embedding) {
    return fmt::format(
        R"({{"custom_id":"{}","response":{{"status_code":200,"body":{{"data":[{{"embedding":{}}}]}}}},"error":null}})"
        "\n",
        key, embedding);
  }

  static std::string good_line(const std::string& key) {
    return result_line(key, fmt::format("[{},0.5]", key.substr(4)));
  }

  static std::string failed_line(const std::string& key, const std::string& code) {
    return fmt::format(
        R"({{"custom_id":"{}","response":null,"error":{{"code":"{}","message":"told so"}}}})"
        "\n",
        key, code);
  }

  // A good result for every row of the batch, the last row first.
  static std::string all_good(const store::Run& run, const store::BatchRecord& batch) {
    std::string lines;
    const auto ledger = store::Ledger::load(run.paths(batch).rows());
    for (std::size_t request = 0; request < ledger.requests(); ++request)
      lines.insert(0, good_line(std::string(ledger.custom_id(request))));
    return lines;
  }

  // What the ingest command does; throws why it is blocked.
  void ingest(
      store::Run& run,
      const pipeline::ApplyOptions& apply = {},
      const pipeline::BatchFilter& only = std::nullopt) {
    pipeline::AdvanceOptions options;
    options.send = false;
    options.apply = apply;
    options.only = only;
    const auto outcome = pipeline::advance(run, options, ports());
    if (const auto* blocked = std::get_if<pipeline::Blocked>(&outcome))
      throw blocked->why;
  }

  // Ends every batch at the provider with a good result for each row.
  void end_all(const store::Run& run) {
    for (const store::BatchRecord& batch : run.batches())
      if (batch.state == store::BatchState::submitted)
        provider.end(batch.batch_id, RemoteStatus::completed, all_good(run, batch));
  }
};

inline std::string text_of(const fs::path& path) {
  return read_file(path, 1 << 26);
}

inline ErrorKind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  throw std::runtime_error("nothing was thrown");
}

} // namespace embedctl::test
