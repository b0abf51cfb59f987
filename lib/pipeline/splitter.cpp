#include "pipeline/splitter.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "core/text.hpp"
#include "json/utf8.hpp"

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

// Unique, so that no answer of another batch can match, whoever sent that one.
std::string custom_id_of(const std::string& run_id, int batch, std::string_view key) {
  constexpr std::size_t k_digits = 32;
  const auto digest = sha256_of(fmt::format("{}\n{}\n{}", run_id, batch, key));
  return to_hex(digest).substr(0, k_digits);
}

} // namespace

Splitter::Splitter(
    const store::RunRecord& record, const BatchLimits& limits, Hooks hooks, Runtime runtime)
    : m_record(record),
      m_limits(limits),
      m_hooks(std::move(hooks)),
      m_runtime(runtime),
      m_requests(record.task.request) {}

void Splitter::add(const SourceRow& row) {
  m_runtime.stop.throw_if_requested();
  m_runtime.progress.advance(Phase::select, {1, row.text.size()});
  std::string_view reason = reason_to_skip(row);
  std::string_view line;
  if (reason.empty()) {
    line = format(row);
    if (line.size() > m_limits.bytes)
      reason = "too_large";
  }
  if (reason.empty() && m_writer
      && (m_writer->requests() >= m_limits.requests
          || m_writer->bytes() + line.size() > m_limits.bytes)) {
    close_batch();
    line = format(row); // the custom id is that of a row in its batch
  }
  // Without a unique index a key may repeat, and the provider would refuse the whole batch.
  if (reason.empty() && !m_keys.add(row.key))
    reason = "duplicate_key";
  if (!reason.empty())
    return skip(row, reason);
  writer().add(row.key, row.fingerprint, m_custom_id, line);
  ++m_rows;
}

void Splitter::skip(const SourceRow& row, std::string_view reason) {
  if (!m_hooks.on_skip(row, reason))
    return;
  ++m_rows;
  if (m_run != nullptr)
    writer().skip(row.key, reason);
  else
    m_skipped.push_back({std::string(row.key), std::string(reason)});
}

std::string_view Splitter::reason_to_skip(const SourceRow& row) const {
  if (is_blank(row.text))
    return "empty_text";
  if (!json::is_utf8(row.text) || !json::is_utf8(row.key))
    return "invalid_utf8";
  return {};
}

std::string_view Splitter::format(const SourceRow& row) {
  if (m_record.task.built_in)
    m_custom_id = row.key;
  else
    m_custom_id = custom_id_of(m_record.run_id, number(), row.key);
  return m_requests.line(m_custom_id, row.text);
}

// Of the batch being written, or of the one that the next row begins.
int Splitter::number() const {
  return m_run == nullptr || m_run->batches().empty() ? 1 : m_run->batches().back().number + 1;
}

store::BatchWriter& Splitter::writer() {
  if (m_writer)
    return *m_writer;
  if (m_run == nullptr)
    m_run = &m_hooks.begin();
  m_writer.emplace(m_run->paths().batch(number()), number());
  for (const Skipped& row : m_skipped)
    m_writer->skip(row.key, row.reason);
  m_skipped.clear();
  return *m_writer;
}

void Splitter::close_batch() {
  m_run->batches().push_back(m_writer->finish());
  m_writer.reset();
  m_keys.clear();
  m_hooks.on_batch(m_run->batches().back());
}

void Splitter::finish() {
  if (m_writer)
    close_batch();
}

} // namespace embedctl::pipeline
