#include "store/ledger.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "store/tsv.hpp"
#include "json/line_reader.hpp"

#include <fmt/format.h>

namespace embedctl::store {

namespace {

using TakeRow = std::function<void(std::string key, const Fingerprint&)>;

void read_rows(const std::filesystem::path& path, const TakeRow& take) {
  json::LineReader lines(path);
  while (lines.next()) {
    auto fields = tsv_fields(lines.line());
    Fingerprint fingerprint;
    if (lines.too_long() || !lines.terminated() || fields.size() != 2
        || !from_hex(fields[1], fingerprint))
      throw Error(
          ErrorKind::corrupt,
          fmt::format("\"{}\" is damaged: line {} is no row", path.string(), lines.number()),
          "nothing was changed; restore the file from a copy, or keep the folder for its results");
    take(std::move(fields[0]), fingerprint);
  }
}

} // namespace

Ledger Ledger::load(const std::filesystem::path& rows_tsv) {
  Ledger ledger;
  read_rows(rows_tsv, [&](std::string key, const Fingerprint& fingerprint) {
    ledger.m_keys.push_back(std::move(key));
    ledger.m_fingerprints.push_back(fingerprint);
  });
  ledger.m_index.reserve(ledger.m_keys.size());
  for (std::size_t row = 0; row < ledger.m_keys.size(); ++row)
    ledger.m_index.emplace(ledger.m_keys[row], static_cast<std::uint32_t>(row));
  return ledger;
}

std::optional<std::size_t> Ledger::find(std::string_view key) const {
  const auto found = m_index.find(key);
  return found == m_index.end() ? std::nullopt : std::optional<std::size_t>(found->second);
}

std::string ledger_line(std::string_view key, const Fingerprint& fingerprint) {
  std::string line = tsv_line({key});
  line.back() = '\t';
  line += to_hex(fingerprint);
  line += '\n';
  return line;
}

void for_each_key(
    const std::filesystem::path& rows_tsv, const std::function<void(std::string_view key)>& take) {
  read_rows(rows_tsv, [&](const std::string& key, const Fingerprint&) { take(key); });
}

} // namespace embedctl::store
