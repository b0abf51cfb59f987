#pragma once

#include "base/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace embedctl {

namespace fs = std::filesystem;

// All files are made 0600 and all folders 0700, whatever the umask: they hold the user's text.

// Throws Error{io}. The message names the path and the system's reason.
[[noreturn]] void throw_io_error(std::string_view doing, const fs::path& path, int error_number);

// The whole of a small file; one larger than `limit` is refused as corrupt.
std::string read_file(const fs::path& path, std::uint64_t limit);

// nullopt if there is no such file.
std::optional<std::string> read_file_if_any(const fs::path& path, std::uint64_t limit);

// Makes the folder and its missing parents, each made durable in its parent.
void make_private_directories(const fs::path& path);

// Makes exactly this one folder; false if it exists already.
bool make_private_directory(const fs::path& path);

// Makes renames and new names in the folder durable.
void sync_directory(const fs::path& path);

// Moves a file that is already durable to its name, durably.
void rename_durably(const fs::path& from, const fs::path& to);

// Removes the file if it is there, durably.
void remove_durably(const fs::path& path);

std::uint64_t file_size(const fs::path& path);

// Bytes that an unprivileged writer can still put on the file system of `path`.
std::uint64_t free_bytes(const fs::path& path);

// Throws Error{io} if there are fewer, before something is begun that could not be written down.
void require_free_bytes(const fs::path& folder, std::uint64_t bytes);

// A file that appears under its name whole or not at all: written beside it as "<name>.tmp", and
// renamed by commit(). The destructor removes what was not committed.
class AtomicFile {
public:
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  // Buffered.
  void write(std::string_view bytes);

  // Bytes written so far, buffered ones included.
  std::uint64_t size() const { return m_size; }

  // Lets the disk begin with what was written, so that sync() has less to wait for. A failure of
  // the disk is sync()'s to tell.
  void start_writeback();

  // Makes what was written durable under the name of the temporary file, which it returns, so that
  // it can be looked at before commit().
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
