#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "core/answer_sink.hpp"
#include "pipeline/chunk_writer.hpp"
#include "pipeline/results.hpp"
#include "pipeline/runtime.hpp"
#include "store/batch_record.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
  // quarantine.jsonl, so that nothing paid for is lost. What no line answers fails with `code`
  // if `may_fail(requests with a line)` allows it, and stays pending otherwise. Returns whether
  // that was allowed; `rows()` has the counts. If another session has rows locked, they are pending
  // and the lists are not written.
  bool run(
      const std::string& code, const std::function<bool(std::uint64_t answered)>& may_fail);

  // Rows left pending by run().
  std::uint64_t locked() const { return m_locked; }

  // Why the outcome of run() may be that of a wrong table rather than of the rows: not one of
  // several is there, or all are refused alike.
  struct Doubt {
    Error why;
    bool is_about_missing = false;
  };
  std::optional<Doubt> doubt() const;

  // The provider refused the whole batch: every row fails with its reason.
  void fail_all(const std::string& code, const std::string& message);

  RowCounts rows() const;
  const store::Findings& findings() const { return m_findings; }

  // Requests that a valid vector came back for, whatever state their rows ended in.
  std::uint64_t vectors() const { return m_vectors; }

private:
  void record(std::size_t row, const RowOutcome& outcome);
  void fail(std::size_t row, std::string_view code, std::string_view message);
  void fail_missing(const std::vector<std::size_t>& requests, const std::string& code);
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
  std::uint64_t m_offered = 0; // rows, to the database
  std::uint64_t m_locked = 0;
  std::uint64_t m_refused = 0;    // by the database
  std::string m_refusal;          // of the first of them
  bool m_is_refused_alike = true; // and of the others
  List m_failed;
  List m_left;
  List m_quarantine;
};

} // namespace embedctl::pipeline
