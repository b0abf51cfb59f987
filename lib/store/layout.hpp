#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>

namespace embedctl::store {

namespace fs = std::filesystem;

// The names of batches/README.md, which is the contract of the on-disk format.

inline constexpr int k_format = 1;

inline std::string batch_folder_name(int number) {
  return fmt::format("batch_{:03}", number);
}

class BatchPaths {
public:
  explicit BatchPaths(fs::path folder) : m_folder(std::move(folder)) {}

  const fs::path& folder() const { return m_folder; }
  fs::path record() const { return m_folder / "batch.json"; }
  fs::path input() const { return m_folder / "input.jsonl"; }
  fs::path rows() const { return m_folder / "rows.tsv"; }
  fs::path output() const { return m_folder / "output.jsonl"; }
  fs::path errors() const { return m_folder / "errors.jsonl"; }
  fs::path failed() const { return m_folder / "failed_chunk_ids.tsv"; }
  fs::path skipped() const { return m_folder / "skipped_chunk_ids.tsv"; }
  fs::path left() const { return m_folder / "left_chunk_ids.tsv"; }
  fs::path quarantine() const { return m_folder / "quarantine.jsonl"; }

private:
  fs::path m_folder;
};

class RunPaths {
public:
  explicit RunPaths(fs::path folder) : m_folder(std::move(folder)) {}

  const fs::path& folder() const { return m_folder; }
  fs::path record() const { return m_folder / "run.json"; }
  fs::path lock() const { return m_folder / ".lock"; }
  fs::path indexes() const { return m_folder / "indexes.json"; }
  fs::path batches() const { return m_folder / "batches"; }
  BatchPaths batch(int number) const { return BatchPaths(batches() / batch_folder_name(number)); }

private:
  fs::path m_folder;
};

} // namespace embedctl::store
