#include "store/ledger.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "store/tsv.hpp"
#include "json/line_reader.hpp"

#include <fmt/format.h>

namespace embedctl::store {

namespace {

// False if the row is not valid in this file.
using TakeRow = std::function<bool(
    std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id)>;

std::string unescaped(std::string_view field) {
  return tsv_fields(field)[0];
}

bool is_plain(std::string_view field) {
  return field.find('\\') == std::string_view::npos;
}

// Format 1 had no third field, because keys were the custom ids.
bool read_row(std::string_view line, const TakeRow& take) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos)
    return false;
  const std::string_view key = line.substr(0, tab);
  std::string_view rest = line.substr(tab + 1);
  const std::size_t second = rest.find('\t');
  const std::string_view id = second == std::string_view::npos ? key : rest.substr(second + 1);
  Fingerprint fingerprint;
  if (!from_hex(rest.substr(0, second), fingerprint) || id.find('\t') != std::string_view::npos)
    return false;
  if (is_plain(key) && is_plain(id))
    return take(key, fingerprint, id);
  return take(unescaped(key), fingerprint, unescaped(id));
}

void read_rows(const std::filesystem::path& path, const TakeRow& take) {
  json::LineReader lines(path);
  while (lines.next())
    if (lines.too_long() || !lines.terminated() || !read_row(lines.line(), take))
      throw Error(
          ErrorKind::corrupt,
          fmt::format(
              "\"{}\" is damaged: line {} is not a row, or repeats one", path.string(),
              lines.number()),
          "nothing was changed; restore the file from a copy, or keep the folder for its results");
}

} // namespace

Ledger Ledger::load(const std::filesystem::path& rows_tsv) {
  Ledger ledger;
  read_rows(
      rows_tsv,
      [&](std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id) {
        return ledger.add(key, fingerprint, custom_id);
      });
  if (!ledger.m_request_of.empty())
    ledger.group_rows();
  return ledger;
}

bool Ledger::add(std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id) {
  const std::size_t row = rows();
  m_fingerprints.push_back(fingerprint);
  if (m_ids_are_keys && key != custom_id) {
    m_keys = m_ids;
    m_ids_are_keys = false;
  }
  const bool is_new_request = m_ids.add(custom_id);
  if (m_ids_are_keys)
    return is_new_request;
  if (!is_new_request && m_request_of.empty())
    for (std::size_t earlier = 0; earlier < row; ++earlier)
      m_request_of.push_back(static_cast<std::uint32_t>(earlier));
  if (!m_request_of.empty() || !is_new_request)
    m_request_of.push_back(static_cast<std::uint32_t>(*m_ids.find(custom_id)));
  return m_keys.add(key);
}

void Ledger::group_rows() {
  m_first_of.assign(requests() + 1, 0);
  for (const std::uint32_t request : m_request_of)
    ++m_first_of[request + 1];
  for (std::size_t request = 0; request < requests(); ++request)
    m_first_of[request + 1] += m_first_of[request];
  std::vector<std::uint32_t> next(m_first_of.begin(), m_first_of.end() - 1);
  m_by_request.resize(rows());
  for (std::size_t row = 0; row < rows(); ++row)
    m_by_request[next[m_request_of[row]]++] = static_cast<std::uint32_t>(row);
}

std::optional<std::size_t> Ledger::find_row(std::string_view key) const {
  return m_ids_are_keys ? m_ids.find(key) : m_keys.find(key);
}

std::string
ledger_line(std::string_view key, const Fingerprint& fingerprint, std::string_view custom_id) {
  std::string line = tsv_line({key});
  line.back() = '\t';
  line += to_hex(fingerprint);
  line += '\t';
  line += tsv_line({custom_id});
  return line;
}

void for_each_key(
    const std::filesystem::path& rows_tsv, const std::function<void(std::string_view key)>& take) {
  read_rows(rows_tsv, [&](std::string_view key, const Fingerprint&, std::string_view) {
    take(key);
    return true;
  });
}

} // namespace embedctl::store
