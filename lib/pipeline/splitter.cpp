#include "pipeline/splitter.hpp"

#include "core/text.hpp"
#include "json/utf8.hpp"

namespace embedctl::pipeline {

namespace {

Request request_of(const store::RunRecord& record) {
  Request request;
  request.model = record.entity.model;
  request.dims = record.entity.dims;
  request.encoding = record.encoding;
  return request;
}

} // namespace

Splitter::Splitter(store::Run& run, const BatchLimits& limits, OnBatch on_batch, Work work)
    : m_run(run),
      m_limits(limits),
      m_on_batch(std::move(on_batch)),
      m_work(work),
      m_requests(request_of(run.record())) {}

void Splitter::add(const SourceRow& row) {
  m_work.stop.throw_if_requested();
  m_work.progress.advance(Phase::select, {1, row.text.size()});
  std::string_view reason = reason_to_skip(row);
  std::string_view line;
  if (reason.empty()) {
    line = m_requests.line(row.key, row.text);
    if (line.size() > m_limits.bytes)
      reason = "too_large";
  }
  if (reason.empty() && m_writer
      && (m_writer->requests() >= m_limits.requests
          || m_writer->bytes() + line.size() > m_limits.bytes))
    close_batch();
  // Without a unique index a key may come twice, and the provider would refuse the whole batch.
  if (reason.empty() && !m_keys.add(row.key))
    reason = "duplicate_key";
  if (reason.empty())
    writer().add(row.key, row.fingerprint, line);
  else
    writer().skip(row.key, reason);
}

std::string_view Splitter::reason_to_skip(const SourceRow& row) const {
  if (is_blank(row.text))
    return "empty_text";
  if (!json::is_utf8(row.text) || !json::is_utf8(row.key))
    return "invalid_utf8";
  return {};
}

store::BatchWriter& Splitter::writer() {
  if (!m_writer) {
    const int number = m_run.batches().empty() ? 1 : m_run.batches().back().number + 1;
    m_writer.emplace(m_run.paths().batch(number), number);
  }
  return *m_writer;
}

void Splitter::close_batch() {
  m_run.batches().push_back(m_writer->finish());
  m_writer.reset();
  m_keys.clear();
  m_on_batch(m_run.batches().back());
}

void Splitter::finish() {
  if (m_writer)
    close_batch();
}

} // namespace embedctl::pipeline
