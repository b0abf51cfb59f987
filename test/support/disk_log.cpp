#include "support/disk_log.hpp"

#include <atomic>
#include <filesystem>

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

namespace embedctl::test {

namespace {

namespace fs = std::filesystem;

std::atomic<DiskLog*> g_log{nullptr};

// The function of that name in the next library, which is libc's.
template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string name_of(const fs::path& path) {
  return path.filename().string();
}

std::string name_of(int fd) {
  std::error_code error;
  return name_of(fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error));
}

} // namespace

DiskLog::DiskLog() {
  g_log = this;
}

DiskLog::~DiskLog() {
  g_log = nullptr;
}

std::vector<std::string> DiskLog::calls() const {
  const std::lock_guard guard(m_mutex);
  return m_calls;
}

void DiskLog::note(const std::string& call) {
  if (DiskLog* log = g_log) {
    const std::lock_guard guard(log->m_mutex);
    log->m_calls.push_back(call);
  }
}

void DiskLog::finish(const std::string& call) {
  DiskLog* log = g_log;
  if (log != nullptr && log->after)
    log->after(call);
}

} // namespace embedctl::test

// Both stand before libc's, because the linker looks into the program first.

extern "C" int fsync(int fd) {
  using embedctl::test::DiskLog;
  static auto* const real = embedctl::test::next<int(int)>("fsync");
  const std::string call = "sync " + embedctl::test::name_of(fd);
  DiskLog::note(call);
  const int result = real(fd);
  DiskLog::finish(call);
  return result;
}

extern "C" int rename(const char* from, const char* to) noexcept {
  using embedctl::test::DiskLog;
  static auto* const real = embedctl::test::next<int(const char*, const char*)>("rename");
  const std::string call =
      "rename " + embedctl::test::name_of(from) + " " + embedctl::test::name_of(to);
  DiskLog::note(call);
  const int result = real(from, to);
  DiskLog::finish(call);
  return result;
}
