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
  using OnBatch = std::function<void(store::BatchRecord&)>;

  Splitter(store::Run& run, const BatchLimits& limits, OnBatch on_batch, Runtime runtime);

  void add(const SourceRow& row);

  // Closes the last batch. Without it, the batch being written is discarded.
  void finish();

private:
  std::string_view reason_to_skip(const SourceRow& row) const;
  std::string_view format(const SourceRow& row);
  int number() const;
  store::BatchWriter& writer();
  void close_batch();

  store::Run& m_run;
  BatchLimits m_limits;
  OnBatch m_on_batch;
  Runtime m_runtime;
  requests::RequestWriter m_requests;
  std::string m_custom_id; // of the line formatted last
  std::optional<store::BatchWriter> m_writer;
  KeyIndex m_keys; // of the batch being written
};

} // namespace embedctl::pipeline
