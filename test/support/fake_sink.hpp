#pragma once

#include "core/answer_sink.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace embedctl::test {

// A table in memory that takes every vector, unless a test says what becomes of a row.
class FakeSink : public AnswerSink {
public:
  std::vector<RowOutcome> write(const AnswerChunk& chunk) override {
    const std::lock_guard lock(m_mutex);
    if (before_write)
      before_write();
    std::vector<RowOutcome> outcomes;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto fate = fates.find(chunk.keys[i]);
      outcomes.push_back({fate == fates.end() ? RowState::written : fate->second});
      if (outcomes.back().state == RowState::failed)
        outcomes.back() = {RowState::failed, k_not_updated, "check_violation"};
      const auto from = chunk.values.begin() + static_cast<std::ptrdiff_t>(i * chunk.dims);
      if (outcomes.back().state == RowState::written) {
        vectors[chunk.keys[i]].assign(from, from + static_cast<std::ptrdiff_t>(chunk.dims));
        fingerprints[chunk.keys[i]] = chunk.fingerprints[i];
      }
    }
    chunk_sizes.push_back(chunk.size());
    return outcomes;
  }

  std::vector<RowState> examine(const AnswerChunk& chunk) override {
    std::vector<RowState> states;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto fate = fates.find(chunk.keys[i]);
      const auto held = vectors.find(chunk.keys[i]);
      const auto from = chunk.values.begin() + static_cast<std::ptrdiff_t>(i * chunk.dims);
      if (fate != fates.end())
        states.push_back(fate->second);
      else if (fingerprints.contains(chunk.keys[i])
               && fingerprints.at(chunk.keys[i]) != chunk.fingerprints[i])
        states.push_back(RowState::stale);
      else if (held == vectors.end())
        states.push_back(RowState::pending);
      else if (std::equal(held->second.begin(), held->second.end(), from))
        states.push_back(RowState::written);
      else
        states.push_back(RowState::already_set);
    }
    examined_sizes.push_back(chunk.size());
    return states;
  }

  std::map<std::string, RowState> fates;
  std::map<std::string, std::vector<float>> vectors;
  std::map<std::string, Fingerprint> fingerprints; // of the text that a row has now
  std::vector<std::size_t> chunk_sizes;
  std::vector<std::size_t> examined_sizes;
  std::function<void()> before_write;

private:
  std::mutex m_mutex;
};

} // namespace embedctl::test
