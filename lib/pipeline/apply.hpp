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
#include <set>
#include <string>
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

  // If set: fail rows without a result with this code, even if the provider counts one.
  std::string give_up_as;

  // How long to ask again for results that the provider counts and does not give.
  std::chrono::milliseconds patience = std::chrono::minutes(15);

  bool delete_inputs = true;   // at the provider, of ingested batches
  bool delete_outputs = false; // likewise: they cannot be downloaded again then
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

  // Asks again for results that the provider counts and write_all() did not get, with growing
  // pauses. Batches that stay incomplete are added to the tally.
  void settle_rest(Tally& tally);

  // Packs ingested batches. A disk error only warns.
  void archive_all();

private:
  void take_up_again();
  void check_results(const store::BatchRecord& batch) const;
  bool write(store::BatchRecord& batch);
  bool put_off(store::BatchRecord& batch, const BatchIngest& ingest);
  void come_back(Tally& tally);
  bool has_found_rows() const;
  bool may_fail_missing(const store::BatchRecord& batch, std::uint64_t answered);
  bool try_again(store::BatchRecord& batch, Tally& tally);
  bool answers_agree(store::BatchRecord& batch);
  void give_up(store::BatchRecord& batch, Tally& tally);
  void hold(store::BatchRecord& batch, std::string why, bool lost, Tally& tally);
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
  std::vector<store::BatchRecord*> m_unsettled;  // lines are missing
  std::set<const store::BatchRecord*> m_settled; // earlier, and written again now
};

} // namespace embedctl::pipeline
