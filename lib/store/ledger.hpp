#pragma once

#include "base/key_index.hpp"
#include "core/rows.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::store {

// The rows of one batch in memory: which keys were sent, with what text. A batch has at most
// 50,000 requests, so this is bounded whatever the size of the run.
class Ledger {
public:
  static Ledger load(const std::filesystem::path& rows_tsv);

  std::size_t size() const { return m_keys.size(); }
  std::string_view key(std::size_t row) const { return m_keys[row]; }
  const Fingerprint& fingerprint(std::size_t row) const { return m_fingerprints[row]; }
  std::span<const Fingerprint> fingerprints() const { return m_fingerprints; }
  std::optional<std::size_t> find(std::string_view key) const { return m_keys.find(key); }

private:
  Ledger() = default;

  KeyIndex m_keys;
  std::vector<Fingerprint> m_fingerprints;
};

// A line of rows.tsv.
std::string ledger_line(std::string_view key, const Fingerprint& fingerprint);

// Streams the keys of a rows.tsv.
void for_each_key(
    const std::filesystem::path& rows_tsv, const std::function<void(std::string_view key)>& take);

} // namespace embedctl::store
