#include "store/ledger.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "store/tsv.hpp"
#include "json/line_reader.hpp"

#include <fmt/format.h>

namespace embedctl::store {

namespace {

// False if the row cannot be one of this file.
using TakeRow = std::function<bool(std::string_view key, const Fingerprint&)>;

bool read_row(std::string_view line, const TakeRow& take) {
  const std::size_t tab = line.find('\t');
  Fingerprint fingerprint;
  if (tab == std::string_view::npos || !from_hex(line.substr(tab + 1), fingerprint))
    return false;
  const std::string_view key = line.substr(0, tab);
  return take(key.find('\\') == std::string_view::npos ? key : tsv_fields(key)[0], fingerprint);
}

void read_rows(const std::filesystem::path& path, const TakeRow& take) {
  json::LineReader lines(path);
  while (lines.next())
    if (lines.too_long() || !lines.terminated() || !read_row(lines.line(), take))
      throw Error(
          ErrorKind::corrupt,
          fmt::format(
              "\"{}\" is damaged: line {} is no row, or one twice", path.string(), lines.number()),
          "nothing was changed; restore the file from a copy, or keep the folder for its results");
}

} // namespace

Ledger Ledger::load(const std::filesystem::path& rows_tsv) {
  Ledger ledger;
  read_rows(rows_tsv, [&](std::string_view key, const Fingerprint& fingerprint) {
    ledger.m_fingerprints.push_back(fingerprint);
    return ledger.m_keys.add(key);
  });
  return ledger;
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
  read_rows(rows_tsv, [&](std::string_view key, const Fingerprint&) {
    take(key);
    return true;
  });
}

} // namespace embedctl::store
