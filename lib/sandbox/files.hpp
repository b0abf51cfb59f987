#pragma once

#include "sandbox/clock.hpp"
#include "sandbox/disk.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::sandbox {

struct StoredFile {
  std::string id;
  std::string name;
  std::string purpose;
  std::uint64_t bytes = 0;
  std::uint64_t sequence = 0; // orders files of the same second
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0; // 0: never

  // As the API tells it.
  std::string json() const;
};

// A page of a list, and whether there is more.
template <typename T>
struct Page {
  std::vector<T> items;
  bool has_more = false;
};

// The bytes of a file being uploaded; removed unless FileStore::add takes it.
class IncomingFile {
public:
  explicit IncomingFile(const fs::path& path);
  ~IncomingFile();
  IncomingFile(const IncomingFile&) = delete;
  IncomingFile& operator=(const IncomingFile&) = delete;

  void write(std::string_view bytes) { m_appender.write(bytes); }
  void flush() { m_appender.flush(); }
  std::uint64_t size() const { return m_appender.size(); }
  const fs::path& path() const { return m_path; }

private:
  fs::path m_path;
  Appender m_appender;
};

struct FileQuery {
  std::string purpose; // empty: any
  std::string after;   // id; empty: from the start
  std::size_t limit = 10'000;
  bool ascending = false;
};

// The files of /v1/files: content in <dir>/<id>, metadata in <dir>/<id>.json. Thread-safe.
class FileStore {
public:
  FileStore(fs::path dir, const MovableClock& clock);

  // A place to write an upload to.
  std::unique_ptr<IncomingFile> begin();

  // Moves the content here. An empty id creates a new one; an existing id is left unchanged, so
  // that finishing a batch can be repeated.
  StoredFile
  add(const fs::path& content,
      std::string name,
      std::string purpose,
      std::optional<std::int64_t> lifetime_seconds,
      std::string id = {});

  // nullopt if there is none, or if it has expired.
  std::optional<StoredFile> find(const std::string& id) const;

  // nullopt if `after` is unknown.
  std::optional<Page<StoredFile>> list(const FileQuery& query) const;

  bool remove(const std::string& id);

  fs::path content(const std::string& id) const { return m_dir / id; }

private:
  void load();
  bool has_expired(const StoredFile& file) const;

  fs::path m_dir;
  const MovableClock& m_clock;
  mutable std::mutex m_mutex;
  std::map<std::string, StoredFile> m_files;
  std::uint64_t m_last_sequence = 0;
  std::atomic<std::uint64_t> m_uploads{0};
};

} // namespace embedctl::sandbox
