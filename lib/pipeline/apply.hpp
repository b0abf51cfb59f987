#pragma once

#include "pipeline/batch_ingest.hpp"
#include "pipeline/brake.hpp"
#include "pipeline/chunk_writer.hpp"
#include "pipeline/index_care.hpp"
#include "pipeline/movement.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/ports.hpp"
#include "store/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace embedctl::pipeline {

struct ApplyOptions {
  WriteOptions write;
  bool redownload = false; // fetch answers again although they are here
  bool overwrite = false;  // apply batches again that are ingested already
  bool apply_again = false; // apply ingested batches again that have failed rows
  bool keep_plain = false; // do not pack the files of ingested batches
  IndexPolicy index = IndexPolicy::keep;
  std::size_t parallel = 4;    // downloads at a time
  bool provider_moved = false; // see check_account()

  // How long to wait for rows that other sessions have locked; no end if unset. Their batch stays
  // `downloaded` then.
  std::optional<std::chrono::milliseconds> lock_patience = std::chrono::seconds{10};

  // Rows that are not in the table may be all of the run's.
  bool accept_missing_rows = false;
};

// Takes ended batches to `ingested` and `archived`. The run must be locked.
class Application {
public:
  Application(
      store::Run& run,
      const BatchFilter& filter,
      const ApplyOptions& options,
      const Ports& ports,
      IndexCare& indexes);

  // Fetches and writes ended batches, or only writes them if the tally says that the provider is
  // unreachable. A missing answer file delays only its own batch, and is added to the tally.
  void write_all(Tally& tally);

  // Packs ingested batches. A disk error only warns.
  void archive_all();

private:
  void take_up_again();
  void check_results(const store::BatchRecord& batch) const;
  void write(store::BatchRecord& batch);
  bool put_off(store::BatchRecord& batch, const BatchIngest& ingest);
  void come_back(Tally& tally);
  bool has_found_rows() const;
  bool fetch_again(store::BatchRecord& batch);
  void archive(store::BatchRecord& batch);

  store::Run& m_run;
  const ApplyOptions& m_options;
  const Ports& m_ports;
  Brake m_brake;
  IndexCare& m_indexes;
  std::vector<store::BatchRecord*> m_batches;

  // What cannot settle before the others are written.
  struct Doubtful {
    store::BatchRecord* batch;
    Error why;
  };
  struct Locked {
    store::BatchRecord* batch;
    std::uint64_t rows; // that others have locked
  };
  std::vector<Locked> m_locked;
  bool m_comes_back = false; // its rows were counted before
  std::vector<Doubtful> m_doubtful;
};

} // namespace embedctl::pipeline
