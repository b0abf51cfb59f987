#include "core/rows.hpp"

#include "base/error.hpp"

#include <numeric>

#include <fmt/format.h>

namespace embedctl {

namespace {

constexpr std::array<std::string_view, k_row_states> k_names = {
    "pending", "written", "already_set", "stale", "missing_row", "failed", "skipped"};

} // namespace

std::string_view to_string(RowState state) {
  return k_names[static_cast<std::size_t>(state)];
}

RowState row_state_from(std::string_view name) {
  for (std::size_t i = 0; i < k_names.size(); ++i)
    if (k_names[i] == name)
      return static_cast<RowState>(i);
  throw Error(ErrorKind::corrupt, fmt::format("\"{}\" is not a row state", name));
}

std::uint64_t RowCounts::total() const {
  return std::accumulate(m_counts.begin(), m_counts.end(), std::uint64_t{0});
}

RowCounts& RowCounts::operator+=(const RowCounts& other) {
  for (std::size_t i = 0; i < k_row_states; ++i)
    m_counts[i] += other.m_counts[i];
  return *this;
}

void AnswerChunk::clear() {
  keys.clear();
  fingerprints.clear();
  values.clear();
}

void AnswerChunk::add(
    std::string_view key, const Fingerprint& fingerprint, std::span<const float> vector) {
  keys.emplace_back(key);
  fingerprints.push_back(fingerprint);
  values.insert(values.end(), vector.begin(), vector.end());
}

} // namespace embedctl
