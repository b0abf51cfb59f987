#pragma once

#include "base/key_index.hpp"
#include "core/rows.hpp"
#include "pipeline/runtime.hpp"
#include "requests/request_writer.hpp"
#include "store/batch_writer.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pipeline {

struct BatchLimits {
  // The limits of the Batch API; larger options are refused.
  static constexpr std::uint64_t k_most_requests = 50'000;
  static constexpr std::uint64_t k_most_bytes = 209'715'200;

  std::uint64_t requests = k_most_requests;
  std::uint64_t bytes = 188'743'680; // a tenth below the limit
};

// Splits a stream of rows into batch folders of a run; each is passed on as soon as it is written.
class Splitter {
public:
  struct Hooks {
    // Makes the run's folder, when the first request is there.
    std::function<store::Run&()> begin;

    std::function<void(store::BatchRecord&)> on_batch;

    // A row that cannot be sent; false if it is not to be listed.
    std::function<bool(const SourceRow& row, std::string_view reason)> on_skip;
  };

  // `record` is that of the run.
  Splitter(const store::RunRecord& record, const BatchLimits& limits, Hooks hooks, Runtime runtime);

  void add(const SourceRow& row);

  // Closes the last batch. Without it, the batch being written is discarded.
  void finish();

  // Rows of batches or still to be listed.
  std::uint64_t rows() const { return m_rows; }

private:
  std::string_view reason_to_skip(const SourceRow& row) const;
  std::string_view format(const SourceRow& row);
  int number() const;
  store::BatchWriter& writer();
  void skip(const SourceRow& row, std::string_view reason);
  void close_batch();

  struct Skipped {
    std::string key;
    std::string reason;
  };

  const store::RunRecord& m_record;
  store::Run* m_run = nullptr; // none before the first request
  BatchLimits m_limits;
  Hooks m_hooks;
  Runtime m_runtime;
  requests::RequestWriter m_requests;
  std::string m_custom_id; // of the line formatted last
  std::optional<store::BatchWriter> m_writer;
  KeyIndex m_keys; // of the batch being written
  std::vector<Skipped> m_skipped; // before the run began
  std::uint64_t m_rows = 0;
};

} // namespace embedctl::pipeline
