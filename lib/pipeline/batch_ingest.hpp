#pragma once

#include "base/file.hpp"
#include "core/answer_sink.hpp"
#include "pipeline/chunk_writer.hpp"
#include "pipeline/results.hpp"
#include "pipeline/runtime.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pipeline {

// Takes every row of one batch to its final state, from the result files on disk. Safe to repeat
// from the start at any time: rows that already have our vector count as written.
class BatchIngest {
public:
  BatchIngest(
      store::BatchPaths paths,
      const store::BatchRecord& batch,
      const Request& request,
      const WriteOptions& options,
      Brake& brake,
      AnswerSink& sink,
      Runtime runtime);

  // Writes vectors and the lists of rows without one, durably, and keeps lines that match no row in
  // quarantine.jsonl, so that nothing paid for is lost. Afterwards `rows()` has the counts and no
  // row is pending.
  void run();

  // The provider refused the whole batch: every row fails with its reason.
  void fail_all(const std::string& code, const std::string& message);

  RowCounts rows() const;
  const store::Findings& findings() const { return m_findings; }

  // Requests that a valid vector came back for, whatever state their rows ended in.
  std::uint64_t vectors() const { return m_vectors; }

private:
  void record(std::size_t row, RowState state);
  void fail(std::size_t row, std::string_view code, std::string_view message);
  void set_aside(std::string_view line, Stray why);
  void finish_lists();

  // A list file that is created with its first line.
  struct List {
    std::filesystem::path path;
    std::unique_ptr<AtomicFile> file;
    void add(std::string_view line);
    void finish();
  };

  store::BatchPaths m_paths;
  const store::BatchRecord& m_batch;
  const Request& m_request;
  WriteOptions m_options;
  Brake& m_brake;
  AnswerSink& m_sink;
  Runtime m_runtime;
  store::Ledger m_ledger;
  store::Findings m_findings;
  std::vector<RowState> m_states; // of the ledger's rows
  std::uint64_t m_vectors = 0;
  List m_failed;
  List m_left;
  List m_quarantine;
};

} // namespace embedctl::pipeline
