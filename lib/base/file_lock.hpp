#pragma once

#include "base/fd.hpp"

#include <filesystem>
#include <string_view>

namespace embedctl {

// A kernel lock on an open file: held exactly as long as this object and its process live, never
// judged by age, and its file is never unlinked. The file's content only tells people who has it.
class FileLock {
public:
  // Throws Error{locked} naming the holder if another process has it.
  FileLock(const std::filesystem::path& path, std::string_view what);

private:
  Fd m_fd;
};

// True for NFS, SMB and their like, where locks and fsync promise less.
bool on_network_file_system(const std::filesystem::path& path);

} // namespace embedctl
