#pragma once

#include "base/fd.hpp"
#include "base/file.hpp"

namespace embedctl::sandbox {

// The folder that holds the sandbox's state, for one process at a time.
class DataFolder {
public:
  // An empty path makes a private temporary folder, which goes with the object. Throws
  // Error{locked} if another process is at work there.
  explicit DataFolder(const fs::path& path);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  const fs::path& path() const { return m_path; }

private:
  fs::path m_path;
  bool m_temporary;
  Fd m_lock;
};

} // namespace embedctl::sandbox
