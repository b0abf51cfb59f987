#include "base/file.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace embedctl {

namespace {

constexpr mode_t k_file_mode = 0600;
constexpr mode_t k_directory_mode = 0700;

// Large enough to amortise the system call, small enough to stay in cache.
constexpr std::size_t k_buffer_size = 256 * 1024;

Fd open_or_throw(const fs::path& path, int flags, std::string_view doing) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, k_file_mode));
  if (!fd)
    throw_io_error(doing, path, errno);
  return fd;
}

void sync_or_throw(const Fd& fd, const fs::path& path) {
  if (::fsync(fd.get()) != 0)
    throw_io_error("make durable", path, errno);
}

fs::path parent_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string read_all(const Fd& fd, const fs::path& path, std::uint64_t limit) {
  std::string content;
  std::size_t used = 0;
  for (;;) {
    if (content.size() - used < 4096)
      content.resize(content.size() * 2 + 8192);
    const ssize_t got = ::read(fd.get(), content.data() + used, content.size() - used);
    if (got < 0) {
      if (errno == EINTR)
        continue;
      throw_io_error("read", path, errno);
    }
    if (got == 0)
      break;
    used += static_cast<std::size_t>(got);
    if (used > limit)
      throw Error(
          ErrorKind::corrupt, fmt::format("\"{}\" is larger than {} bytes", path.string(), limit));
  }
  content.resize(used);
  return content;
}

} // namespace

void throw_io_error(std::string_view doing, const fs::path& path, int error_number) {
  const std::string hint =
      error_number == ENOSPC || error_number == EDQUOT
          ? "free some space and run the same command again; completed work is kept"
          : "";
  throw Error(
      ErrorKind::io,
      fmt::format(
          "cannot {} \"{}\": {}", doing, path.string(),
          std::generic_category().message(error_number)),
      hint);
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  return read_all(open_or_throw(path, O_RDONLY, "open"), path, limit);
}

std::optional<std::string> read_file_if_any(const fs::path& path, std::uint64_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR)
      return std::nullopt;
    throw_io_error("open", path, errno);
  }
  return read_all(fd, path, limit);
}

bool make_private_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), k_directory_mode) != 0) {
    if (errno == EEXIST)
      return false;
    throw_io_error("make folder", path, errno);
  }
  if (::chmod(path.c_str(), k_directory_mode) != 0)
    throw_io_error("set permissions of", path, errno);
  sync_directory(parent_of(path));
  return true;
}

void make_private_directories(const fs::path& path) {
  if (path.empty() || fs::is_directory(path))
    return;
  make_private_directories(path.parent_path());
  if (!make_private_directory(path) && !fs::is_directory(path))
    throw_io_error("make folder", path, ENOTDIR);
}

void sync_directory(const fs::path& path) {
  sync_or_throw(open_or_throw(path, O_RDONLY | O_DIRECTORY, "open folder"), path);
}

void rename_durably(const fs::path& from, const fs::path& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0)
    throw_io_error("rename to", to, errno);
  sync_directory(parent_of(to));
}

void remove_durably(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT)
      return;
    throw_io_error("remove", path, errno);
  }
  sync_directory(parent_of(path));
}

std::uint64_t file_size(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw_io_error("stat", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::uint64_t free_bytes(const fs::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0)
    throw_io_error("get the free space of", path, errno);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

void require_free_bytes(const fs::path& folder, std::uint64_t bytes) {
  if (free_bytes(folder) < bytes)
    throw_io_error("reserve space in", folder, ENOSPC);
}

AtomicFile::AtomicFile(fs::path path)
    : m_path(std::move(path)), m_temporary(m_path.string() + ".tmp") {
  m_fd = open_or_throw(m_temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, "create");
  if (::fchmod(m_fd.get(), k_file_mode) != 0)
    throw_io_error("set permissions of", m_temporary, errno);
}

AtomicFile::~AtomicFile() {
  if (!m_committed)
    ::unlink(m_temporary.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  m_size += bytes.size();
  if (m_buffer.empty() && bytes.size() >= k_buffer_size)
    return put(bytes);
  m_buffer += bytes;
  if (m_buffer.size() >= k_buffer_size)
    flush();
}

void AtomicFile::flush() {
  put(m_buffer);
  m_buffer.clear();
}

void AtomicFile::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(m_fd.get(), bytes.data(), bytes.size());
    if (put < 0) {
      if (errno == EINTR)
        continue;
      throw_io_error("write", m_temporary, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void AtomicFile::start_writeback() {
  static_cast<void>(::sync_file_range(m_fd.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
}

const fs::path& AtomicFile::sync() {
  flush();
  sync_or_throw(m_fd, m_temporary);
  return m_temporary;
}

void AtomicFile::commit() {
  sync();
  rename_durably(m_temporary, m_path);
  m_committed = true;
  m_fd.close();
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

} // namespace embedctl
