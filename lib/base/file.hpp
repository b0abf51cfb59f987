#pragma once

#include "base/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace embedctl {

namespace fs = std::filesystem;

// All files are created 0600 and all folders 0700, whatever the umask: they contain user text.

// Throws Error{io}. The message names the path and the system's reason.
[[noreturn]] void throw_io_error(std::string_view doing, const fs::path& path, int error_number);

// Reads a whole small file; a file larger than `limit` is refused as corrupt.
std::string read_file(const fs::path& path, std::uint64_t limit);

// nullopt if the file does not exist.
std::optional<std::string> read_file_if_any(const fs::path& path, std::uint64_t limit);

// Creates the folder and its missing parents, and syncs each parent.
void make_private_directories(const fs::path& path);

// Creates this one folder; false if it exists.
bool make_private_directory(const fs::path& path);

// Syncs the folder, so that renames and new names in it are durable.
void sync_directory(const fs::path& path);

// Renames a file whose content is already durable, durably.
void rename_durably(const fs::path& from, const fs::path& to);

// Removes the file if it exists, durably.
void remove_durably(const fs::path& path);

std::uint64_t file_size(const fs::path& path);

// Bytes that an unprivileged writer can still use on the file system of `path`.
std::uint64_t free_bytes(const fs::path& path);

// Throws Error{io} if fewer are free. Called before work whose result must be written down.
void require_free_bytes(const fs::path& folder, std::uint64_t bytes);

// A file that appears under its name complete or not at all: written as "<name>.tmp" and renamed by
// commit(). The destructor removes it unless committed.
class AtomicFile {
public:
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Buffered.
  void write(std::string_view bytes);

  // Bytes written so far, including buffered ones.
  std::uint64_t size() const { return m_size; }

  // Starts writeback, so that sync() waits less. Disk errors are reported by sync().
  void start_writeback();

  // Syncs the temporary file and returns its name, so that it can be checked before commit().
  const fs::path& sync();

  // fsync, rename, fsync of the folder.
  void commit();

private:
  void flush();
  void put(std::string_view bytes);

  fs::path m_path;
  fs::path m_temporary;
  Fd m_fd;
  std::string m_buffer;
  std::uint64_t m_size = 0;
  bool m_committed = false;
};

// AtomicFile in one call.
void write_file_atomically(const fs::path& path, std::string_view bytes);

} // namespace embedctl
