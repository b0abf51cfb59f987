#include "store/batch_writer.hpp"

#include "store/ledger.hpp"
#include "store/tsv.hpp"

namespace embedctl::store {

BatchWriter::BatchWriter(BatchPaths paths, int number) : m_paths(std::move(paths)) {
  make_private_directories(m_paths.folder());
  m_record.number = number;
  save_batch_record(m_paths.record(), m_record);
  m_input = std::make_unique<InputFile>(m_paths.input());
  m_rows = std::make_unique<AtomicFile>(m_paths.rows());
}

void BatchWriter::add(
    std::string_view key,
    const Fingerprint& fingerprint,
    std::string_view custom_id,
    std::string_view request_line) {
  m_input->add(request_line);
  m_rows->write(ledger_line(key, fingerprint, custom_id));
  ++m_record.requests;
  ++m_record.asked;
  m_record.bytes += request_line.size();
}

void BatchWriter::skip(std::string_view key, std::string_view reason) {
  if (!m_skipped)
    m_skipped = std::make_unique<AtomicFile>(m_paths.skipped());
  m_skipped->write(tsv_line({key, reason}));
  ++m_record.skipped;
}

BatchRecord BatchWriter::finish() {
  m_record.sha256 = m_input->finish();
  m_rows->commit();
  if (m_skipped)
    m_skipped->commit();
  m_record.rows[RowState::pending] = m_record.asked;
  m_record.rows[RowState::skipped] = m_record.skipped;
  m_record.state = m_record.requests > 0 ? BatchState::written : BatchState::ingested;
  save_batch_record(m_paths.record(), m_record);
  return m_record;
}

} // namespace embedctl::store
