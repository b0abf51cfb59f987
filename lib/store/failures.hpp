#pragma once

#include "base/file_lock.hpp"
#include "base/key_index.hpp"
#include "core/clock.hpp"
#include "core/request.hpp"
#include "core/rows.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::store {

class Run;

// What is remembered of a row that got no answer.
struct Failure {
  Fingerprint fingerprint{};  // of its text then
  std::uint64_t request = 0;  // see request_hash()
  std::uint32_t times = 0;    // it was sent and failed; 0: never sent, because of its text
  std::string code;           // of the last failure
  std::int64_t last_seen = 0; // unix seconds
  std::string run_id;         // the batch that was counted last
  int batch = 0;
};

// The parameters of a request: with others, a row that failed is worth another attempt.
std::uint64_t request_hash(const Request& request);

// failures.tsv of one task, in memory: rows that got no answer, by key.
class Failures {
public:
  // Empty if the file does not exist. Throws Error{usage} for a newer format, and Error{corrupt} if
  // it is damaged.
  static Failures load(const std::filesystem::path& file);

  std::size_t size() const { return m_keys.size() - m_dropped; }
  std::optional<Failure> find(std::string_view key) const;
  void put(std::string_view key, const Failure& failure);
  void drop(std::string_view key);
  void for_each(const std::function<void(std::string_view key, const Failure&)>& visit) const;

  // Replaces the file atomically, if anything has changed.
  void save(const std::filesystem::path& file) const;

private:
  struct Entry {
    Fingerprint fingerprint{};
    std::uint64_t request = 0;
    std::int64_t last_seen = 0;
    std::uint32_t times = 0;
    std::uint32_t code = 0;   // a word
    std::uint32_t run_id = 0; // a word
    int batch = 0;
    bool dropped = false;
  };

  std::uint32_t word(std::string_view text);
  Failure failure(const Entry& entry) const;

  KeyIndex m_keys;
  std::vector<Entry> m_entries; // of the keys
  KeyIndex m_words;             // codes and run ids, which recur
  std::size_t m_dropped = 0;
  bool m_changed = false;
};

// The file of a task, outside of what pruning removes: in <batches_dir> for the built-in task, and
// in <batches_dir>/<entity>.<task> for others.
std::filesystem::path failures_file(const Run& run);
std::filesystem::path failures_file(const std::filesystem::path& place_of_scope);

// The failures.tsv files under <batches_dir>.
std::vector<std::filesystem::path> all_failures_files(const std::filesystem::path& batches_dir);

// Locked while the file is read, changed and replaced, which takes moments: waits for another
// process that has it.
FileLock lock_failures(const std::filesystem::path& file, Clock& clock);

} // namespace embedctl::store
