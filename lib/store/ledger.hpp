#pragma once

#include "base/key_index.hpp"
#include "core/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::store {

// rows.tsv of one batch in memory: its rows, their fingerprints and requests. Rows and requests are
// numbered separately, because rows may share a request. A batch has at most 50,000 requests, so
// memory is bounded whatever the size of the run.
class Ledger {
public:
  static Ledger load(const std::filesystem::path& rows_tsv);

  std::size_t rows() const { return m_fingerprints.size(); }
  std::string_view key(std::size_t row) const { return m_ids_are_keys ? m_ids[row] : m_keys[row]; }
  const Fingerprint& fingerprint(std::size_t row) const { return m_fingerprints[row]; }
  std::span<const Fingerprint> fingerprints() const { return m_fingerprints; }
  std::size_t request_of(std::size_t row) const {
    return m_request_of.empty() ? row : m_request_of[row];
  }
  std::optional<std::size_t> find_row(std::string_view key) const;

  std::size_t requests() const { return m_ids.size(); }
  std::string_view custom_id(std::size_t request) const { return m_ids[request]; }
  std::optional<std::size_t> find_request(std::string_view custom_id) const {
    return m_ids.find(custom_id);
  }

  // The rows of a request, in file order.
  template <typename Take>
  void for_each_row_of(std::size_t request, const Take& take) const {
    if (m_request_of.empty())
      return take(request);
    for (std::size_t i = m_first_of[request]; i < m_first_of[request + 1]; ++i)
      take(std::size_t{m_by_request[i]});
  }

private:
  Ledger() = default;

  bool add(std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id);
  void group_rows();

  KeyIndex m_ids;
  bool m_ids_are_keys = true; // of every row: then they are in memory once
  KeyIndex m_keys;
  std::vector<Fingerprint> m_fingerprints;

  // Only if rows share requests: the request of each row, and the rows ordered by request.
  std::vector<std::uint32_t> m_request_of;
  std::vector<std::uint32_t> m_by_request;
  std::vector<std::uint32_t> m_first_of;
};

// A line of rows.tsv.
std::string
ledger_line(std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id);

// Streams the keys of a rows.tsv.
void for_each_key(
    const std::filesystem::path& rows_tsv, const std::function<void(std::string_view key)>& take);

} // namespace embedctl::store
