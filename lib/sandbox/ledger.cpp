#include "sandbox/ledger.hpp"

#include "sandbox/hash.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include <unordered_set>

namespace embedctl::sandbox {

std::string LedgerSummary::json() const {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("requests", requests)
      .field("tokens", tokens)
      .field("custom_ids", custom_ids)
      .field("billed_again", billed_again)
      .end_object();
  return out;
}

Ledger::Ledger(fs::path path, std::uint64_t size)
    : m_path(std::move(path)), m_appender(m_path, size), m_committed(size) {}

void Ledger::begin() {
  const std::lock_guard lock(m_mutex);
  if (m_appender.size() != m_committed)
    m_appender = Appender(m_path, m_committed);
}

void Ledger::add(
    std::string_view batch_id,
    std::string_view custom_id,
    std::uint64_t input_hash,
    std::uint64_t tokens) {
  std::string line;
  json::Writer(line)
      .begin_object()
      .field("batch_id", batch_id)
      .field("custom_id", custom_id)
      .field("input_hash", hex(input_hash))
      .field("tokens", tokens)
      .end_object();
  line += '\n';
  const std::lock_guard lock(m_mutex);
  m_appender.write(line);
}

void Ledger::commit() {
  const std::lock_guard lock(m_mutex);
  m_appender.flush();
  m_committed = m_appender.size();
}

std::uint64_t Ledger::size() const {
  const std::lock_guard lock(m_mutex);
  return m_committed;
}

LedgerSummary Ledger::summary() const {
  LedgerSummary summary;
  std::unordered_set<std::uint64_t> seen;
  LineReader reader(m_path);
  while (const auto line = reader.next()) {
    const auto document = json::Document::try_parse(line->text);
    if (!document)
      continue; // the last one, still being written
    const auto root = document->root();
    ++summary.requests;
    summary.tokens += static_cast<std::uint64_t>(root.integer("tokens").value_or(0));
    if (!seen.insert(hash(root.string("custom_id").value_or(""))).second)
      ++summary.billed_again;
  }
  summary.custom_ids = seen.size();
  return summary;
}

} // namespace embedctl::sandbox
