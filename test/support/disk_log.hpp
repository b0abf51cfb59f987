#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace embedctl::test {

// While it lives, what this process does to make files last, in order: "sync NAME" and
// "rename FROM TO", each NAME without its folder. One at a time.
class DiskLog {
public:
  DiskLog();
  ~DiskLog();
  DiskLog(const DiskLog&) = delete;
  DiskLog& operator=(const DiskLog&) = delete;

  std::vector<std::string> calls() const;

  // Called with each of them once it is done, for a disk that does as it likes.
  std::function<void(const std::string& call)> after;

  // For the functions that stand before libc's.
  static void note(const std::string& call);
  static void finish(const std::string& call);

private:
  mutable std::mutex m_mutex;
  std::vector<std::string> m_calls;
};

} // namespace embedctl::test
