#pragma once

#include "sandbox/disk.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace embedctl::sandbox {

struct LedgerSummary {
  std::uint64_t requests = 0;
  std::uint64_t tokens = 0;
  std::uint64_t custom_ids = 0;
  std::uint64_t billed_again = 0; // lines whose custom_id had one before

  std::string json() const;
};

// What was billed: one line per successful request of a batch, {"batch_id", "custom_id",
// "input_hash", "tokens"}. Tests use it to prove that nothing is paid twice.
class Ledger {
public:
  // Starts at `size`: see BatchProgress.
  Ledger(fs::path path, std::uint64_t size);

  // Discards what was added since the last commit: its work failed.
  void begin();
  void
  add(std::string_view batch_id,
      std::string_view custom_id,
      std::uint64_t input_hash,
      std::uint64_t tokens);
  void commit();

  // What is committed.
  std::uint64_t size() const;

  // Of what is in the file.
  LedgerSummary summary() const;

private:
  fs::path m_path;
  mutable std::mutex m_mutex;
  Appender m_appender;
  std::uint64_t m_committed;
};

} // namespace embedctl::sandbox
