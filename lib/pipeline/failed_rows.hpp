#pragma once

#include "core/rows.hpp"
#include "pipeline/runtime.hpp"
#include "store/failures.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace embedctl::pipeline {

// How many rows, by the code or reason of their failure.
using RowsByCode = std::map<std::string, std::uint64_t>;
std::uint64_t total_of(const RowsByCode& rows);

struct Retries {
  std::uint32_t most = 3;    // times that a row with the same text and request is sent in all
  bool set_aside = false;    // take up what was set aside as well
};

// Decides at a selection which rows are left out: those that failed too often, and those that
// cannot be sent, which are told once.
class Screen {
public:
  Screen(const std::filesystem::path& failures, const Request& request, const Retries& retries);

  // At most this many rows are left out.
  std::size_t size() const { return m_known.size(); }

  // False for a row that failed too often with this text and request.
  bool admits(const SourceRow& row);

  // False if it was told before that this row cannot be sent.
  bool tells(const SourceRow& row, std::string_view reason, std::int64_t now);

  const RowsByCode& left_out() const { return m_left_out; }
  const RowsByCode& told() const { return m_told; }

  // Remembers what was told, so that it is not told again.
  void remember_told(Clock& clock) const;

private:
  std::filesystem::path m_file;
  std::uint64_t m_request;
  Retries m_retries;
  store::Failures m_known;
  store::Failures m_new;
  RowsByCode m_left_out;
  RowsByCode m_told;
};

// Counts the failed rows of a batch in the task's failures.tsv, and forgets rows that have an
// answer now. Called when their states are final, before the batch is saved as ingested; repeated
// after a crash, it counts nothing twice. Nothing is counted that the provider did not run.
void remember_failures(const store::Run& run, store::BatchRecord& batch, Runtime runtime);

} // namespace embedctl::pipeline
