#pragma once

#include "core/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace embedctl::store {

// The rows of one batch in memory: which keys were sent, with what text. A batch has at most
// 50,000 requests, so this is bounded whatever the size of the run.
class Ledger {
public:
  static Ledger load(const std::filesystem::path& rows_tsv);

  // The index looks into the keys, and would look into those of the original.
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  Ledger(Ledger&&) = default;
  Ledger& operator=(Ledger&&) = default;

  std::size_t size() const { return m_keys.size(); }
  const std::string& key(std::size_t row) const { return m_keys[row]; }
  const Fingerprint& fingerprint(std::size_t row) const { return m_fingerprints[row]; }
  std::span<const std::string> keys() const { return m_keys; }
  std::span<const Fingerprint> fingerprints() const { return m_fingerprints; }
  std::optional<std::size_t> find(std::string_view key) const;

private:
  Ledger() = default;

  std::vector<std::string> m_keys;
  std::vector<Fingerprint> m_fingerprints;
  std::unordered_map<std::string_view, std::uint32_t> m_index;
};

// A line of rows.tsv.
std::string ledger_line(std::string_view key, const Fingerprint& fingerprint);

// Streams the keys of a rows.tsv.
void for_each_key(
    const std::filesystem::path& rows_tsv, const std::function<void(std::string_view key)>& take);

} // namespace embedctl::store
