#pragma once

#include "base/file.hpp"
#include "core/rows.hpp"
#include "store/batch_record.hpp"
#include "store/input_file.hpp"
#include "store/layout.hpp"

#include <memory>
#include <string_view>

namespace embedctl::store {

// Writes one batch folder: input.jsonl and the row lists. The batch is `planned` until finish(); a
// folder found in that state after a crash is discarded.
class BatchWriter {
public:
  BatchWriter(BatchPaths paths, int number);

  // A row and its own request.
  void
  add(std::string_view key,
      const Fingerprint& fingerprint,
      std::string_view custom_id,
      std::string_view request_line);
  void skip(std::string_view key, std::string_view reason);

  std::uint64_t requests() const { return m_record.requests; }
  std::uint64_t bytes() const { return m_record.bytes; }

  // Makes the files durable and the batch `written`; one without requests has nothing to send and
  // is `ingested` at once.
  BatchRecord finish();

private:
  BatchPaths m_paths;
  BatchRecord m_record;
  std::unique_ptr<InputFile> m_input;
  std::unique_ptr<AtomicFile> m_rows;
  std::unique_ptr<AtomicFile> m_skipped; // made with the first skipped row
};

} // namespace embedctl::store
