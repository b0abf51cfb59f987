#pragma once

#include "core/row_source.hpp"
#include "pipeline/failed_rows.hpp"
#include "pipeline/movement.hpp"
#include "pipeline/ports.hpp"
#include "pipeline/splitter.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::pipeline {

struct SubmitOptions {
  std::filesystem::path batches_dir;
  Task task;
  std::string scope;
  std::string version; // of this program
  BatchLimits limits;
  std::optional<std::uint64_t> limit;
  bool dry_run = false;
  std::size_t parallel = 4; // batches sent at a time
  Retries retries;
};

struct HeldRows {
  std::string run;
  std::uint64_t rows = 0;
};

struct SubmitReport {
  std::optional<store::Run> run; // none where there was nothing to select
  RowSetCounts scope;            // if there is no run
  std::vector<HeldRows> held;    // rows left out because other runs have them in flight
  RowsByCode set_aside;          // rows left out because they failed, or were told of, before
  RowsByCode skipped;            // rows that cannot be sent, told of now
  Outcome outcome;               // of the sending

  // Has it remembered that these rows were told of: the next submit leaves them out silently. To be
  // called once somebody was told; a run tells by itself when it ends.
  std::function<void()> remember_told = [] {};
};

// Selects the rows, writes batches and sends them; a dry run stops before sending and needs no
// provider. Without a row to send, no run is made. The returned run is locked.
SubmitReport submit(const SubmitOptions& options, const Ports& ports);

// Claims the rows against other submits, here and on other machines, for as long as it lives.
class Claim {
public:
  Claim(const std::filesystem::path& place, RowSource& source, const RowSet& rows);

private:
  FileLock m_place;
  std::shared_ptr<const void> m_rows;
};

// Makes a run of a dry run, so that it can be sent while the claim lives. Refused where some of its
// rows are in flight elsewhere by now, or were filled, edited or deleted: they would be paid for
// twice or for nothing.
[[nodiscard]] Claim release_dry_run(store::Run& run, const Ports& ports);

} // namespace embedctl::pipeline
