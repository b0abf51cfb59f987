#include "sandbox/data_folder.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

namespace embedctl::sandbox {

namespace {

fs::path make_temporary() {
  std::string name = fs::temp_directory_path() / "embedctl-sandbox-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw_io_error("make folder", name, errno);
  return name;
}

} // namespace

DataFolder::DataFolder(const fs::path& path)
    : m_path(path.empty() ? make_temporary() : fs::absolute(path)), m_temporary(path.empty()) {
  make_private_directories(m_path);
  const fs::path lock = m_path / "lock";
  m_lock = Fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!m_lock)
    throw_io_error("open", lock, errno);
  if (::flock(m_lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(
        ErrorKind::locked, fmt::format("another sandbox is using \"{}\"", m_path.string()),
        "stop it, or use another --data-dir");
}

DataFolder::~DataFolder() {
  std::error_code left_behind;
  if (m_temporary)
    fs::remove_all(m_path, left_behind);
}

} // namespace embedctl::sandbox
