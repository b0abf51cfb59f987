#include "fuzz/support.hpp"

#include "base/bytes.hpp"

#include <cstdio>
#include <cstdlib>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

namespace embedctl::fuzz {

void require(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

bool is_printable(std::string_view text) {
  return printable(text, text.size()) == text;
}

MemoryFile::MemoryFile() : m_fd(::memfd_create("fuzz", MFD_CLOEXEC)) {
  require(bool(m_fd), "a file in memory can be made");
  m_path = "/proc/self/fd/" + std::to_string(m_fd.get());
}

void MemoryFile::set(std::string_view content) {
  const auto size = static_cast<ssize_t>(content.size());
  require(
      ::ftruncate(m_fd.get(), 0) == 0
          && ::pwrite(m_fd.get(), content.data(), content.size(), 0) == size,
      "a file in memory can be written");
}

MemoryFolder::MemoryFolder() {
  std::string name = "/dev/shm/embedctl_fuzz_XXXXXX";
  require(::mkdtemp(name.data()) != nullptr, "a folder in memory can be made");
  m_path = name;
}

MemoryFolder::~MemoryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(m_path, ignored);
}

} // namespace embedctl::fuzz
