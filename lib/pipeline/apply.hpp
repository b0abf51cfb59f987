#pragma once

#include "pipeline/brake.hpp"
#include "pipeline/chunk_writer.hpp"
#include "pipeline/index_care.hpp"
#include "pipeline/movement.hpp"
#include "pipeline/poll.hpp"
#include "pipeline/ports.hpp"
#include "store/run.hpp"

#include <cstddef>
#include <vector>

namespace embedctl::pipeline {

struct ApplyOptions {
  WriteOptions write;
  bool redownload = false; // fetch answers again although they are here
  bool overwrite = false;  // apply batches again that are ingested already
  bool keep_plain = false; // do not pack the files of ingested batches
  IndexPolicy index = IndexPolicy::keep;
  std::size_t parallel = 4;    // downloads at a time
  bool provider_moved = false; // see check_account()
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
  bool fetch_again(store::BatchRecord& batch);
  void archive(store::BatchRecord& batch);

  store::Run& m_run;
  const ApplyOptions& m_options;
  const Ports& m_ports;
  Brake m_brake;
  IndexCare& m_indexes;
  std::vector<store::BatchRecord*> m_batches;
};

} // namespace embedctl::pipeline
