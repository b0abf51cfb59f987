#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>

namespace embedctl::store {

namespace fs = std::filesystem;

// The names that batches/README.md specifies, the contract of the on-disk format.

inline std::string batch_folder_name(int number) {
  return fmt::format("batch_{:03}", number);
}

// Names of the row lists: the built-in task keeps those of release 0.1.0.
enum class ListNames { rows, built_in };

class BatchPaths {
public:
  explicit BatchPaths(fs::path folder, ListNames lists = ListNames::built_in)
      : m_folder(std::move(folder)),
        m_list_suffix(lists == ListNames::rows ? "_rows.tsv" : "_chunk_ids.tsv") {}

  const fs::path& folder() const { return m_folder; }
  fs::path record() const { return m_folder / "batch.json"; }
  fs::path input() const { return m_folder / "input.jsonl"; }
  fs::path rows() const { return m_folder / "rows.tsv"; }
  fs::path output() const { return m_folder / "output.jsonl"; }
  fs::path errors() const { return m_folder / "errors.jsonl"; }
  fs::path failed() const { return list("failed"); }
  fs::path skipped() const { return list("skipped"); }
  fs::path left() const { return list("left"); }
  fs::path quarantine() const { return m_folder / "quarantine.jsonl"; }

private:
  fs::path list(const char* of) const { return m_folder / fmt::format("{}{}", of, m_list_suffix); }

  fs::path m_folder;
  const char* m_list_suffix;
};

class RunPaths {
public:
  explicit RunPaths(fs::path folder, ListNames lists = ListNames::built_in)
      : m_folder(std::move(folder)), m_lists(lists) {}

  const fs::path& folder() const { return m_folder; }
  fs::path record() const { return m_folder / "run.json"; }
  fs::path lock() const { return m_folder / ".lock"; }
  fs::path indexes() const { return m_folder / "indexes.json"; }
  fs::path batches() const { return m_folder / "batches"; }
  BatchPaths batch(int number) const {
    return BatchPaths(batches() / batch_folder_name(number), m_lists);
  }

private:
  fs::path m_folder;
  ListNames m_lists;
};

} // namespace embedctl::store
