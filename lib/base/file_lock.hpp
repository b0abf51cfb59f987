#pragma once

#include "base/fd.hpp"

#include <filesystem>
#include <string_view>

namespace embedctl {

// A kernel lock on an open file: held exactly as long as this object and its process live, never
// judged by age; the file is never unlinked. Its content only tells users who holds the lock.
class FileLock {
public:
  // Throws Error{locked} naming the holder if another process has it.
  FileLock(const std::filesystem::path& path, std::string_view what);

private:
  Fd m_fd;
};

// True for NFS, SMB and similar, where locks and fsync guarantee less.
bool on_network_file_system(const std::filesystem::path& path);

} // namespace embedctl
