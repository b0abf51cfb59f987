#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

// SHA-256 of a row's text as UTF-8: computed from the received text at selection, and by Postgres
// from the same expression at the write.
using Fingerprint = std::array<std::byte, 32>;

// Every selected row has exactly one of these states.
enum class RowState : std::uint8_t {
  pending,     // selected, no result yet
  written,     // the row holds exactly our vector
  already_set, // someone filled it first; not overwritten
  stale,       // its text changed since selection; left NULL for the next submit
  missing_row, // deleted meanwhile
  failed,      // refused by the provider, by a check or by the database, with its code
  skipped,     // never sent, with its reason
};
inline constexpr std::size_t k_row_states = 7;

std::string_view to_string(RowState state);

// Throws Error{corrupt} for an unknown name.
RowState row_state_from(std::string_view name);

// Row counts by state, of a batch or a run.
class RowCounts {
public:
  std::uint64_t& operator[](RowState state) { return m_counts[static_cast<std::size_t>(state)]; }
  std::uint64_t operator[](RowState state) const {
    return m_counts[static_cast<std::size_t>(state)];
  }
  std::uint64_t total() const;
  RowCounts& operator+=(const RowCounts& other);
  friend bool operator==(const RowCounts&, const RowCounts&) = default;

private:
  std::array<std::uint64_t, k_row_states> m_counts{};
};

// A row as streamed by the source; the views are valid until the next row.
struct SourceRow {
  std::string_view key;
  std::string_view text;     // empty for SQL NULL
  Fingerprint fingerprint{}; // zeros for SQL NULL
};

// Vectors to be written, in columns; `values` has `dims` numbers per key.
struct AnswerChunk {
  std::vector<std::string> keys;
  std::vector<Fingerprint> fingerprints;
  std::vector<float> values;
  std::size_t dims = 0;

  std::size_t size() const { return keys.size(); }
  void clear();
  void add(std::string_view key, const Fingerprint& fingerprint, std::span<const float> vector);
};

} // namespace embedctl
