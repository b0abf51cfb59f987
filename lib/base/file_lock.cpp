#include "base/file_lock.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace embedctl {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string holder_line() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("pid {} on {} since {:%Y-%m-%d %H:%M:%S} UTC\n", ::getpid(), host_name(), now);
}

std::string read_holder(int fd) {
  std::array<char, 512> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  std::string_view line(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  line = line.substr(0, line.find('\n'));
  return line.empty() ? "an unknown process" : printable(line);
}

} // namespace

FileLock::FileLock(const std::filesystem::path& path, std::string_view what) {
  m_fd = Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!m_fd)
    throw_io_error("open", path, errno);
  if (::flock(m_fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      throw_io_error("lock", path, errno);
    throw Error(
        ErrorKind::locked, fmt::format("{} is in use by {}", what, read_holder(m_fd.get())),
        "wait for it to finish, or stop it; nothing was changed");
  }
  const std::string holder = holder_line();
  if (::ftruncate(m_fd.get(), 0) != 0)
    throw_io_error("empty", path, errno);
  const ssize_t put = ::pwrite(m_fd.get(), holder.data(), holder.size(), 0);
  if (put != static_cast<ssize_t>(holder.size()))
    throw_io_error("write", path, put < 0 ? errno : ENOSPC); // a short write has no errno
}

bool on_network_file_system(const std::filesystem::path& path) {
  // statfs(2)'s numbers for NFS, SMB, CIFS, SMB2, AFS, Ceph, 9p and FUSE (sshfs and friends).
  constexpr std::array<unsigned long, 8> k_network = {0x6969,     0x517b,   0xff534d42, 0xfe534d42,
                                                      0x5346414f, 0xc36400, 0x01021997, 0x65735546};
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0)
    return false;
  for (const unsigned long type : k_network)
    if (static_cast<unsigned long>(status.f_type) == type)
      return true;
  return false;
}

} // namespace embedctl
