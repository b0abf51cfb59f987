#pragma once

#include "base/fd.hpp"
#include "base/file.hpp"

namespace embedctl::sandbox {

// The folder of the sandbox's state, used by one process at a time.
class DataFolder {
public:
  // An empty path creates a private temporary folder, removed with the object. Throws Error{locked}
  // if another process uses the folder.
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
