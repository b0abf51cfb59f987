#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace embedctl::torture {

// A Postgres of one's own that may be crashed. Every call connects anew. Failures throw
// std::runtime_error. May be used from two threads, of which one crashes it.
class CrashingServer {
public:
  CrashingServer();
  ~CrashingServer();
  CrashingServer(const CrashingServer&) = delete;
  CrashingServer& operator=(const CrashingServer&) = delete;

  const std::string& url() const { return m_url; }
  std::string log() const;

  void exec(const std::string& sql) const { rows(sql); }
  std::vector<std::vector<std::string>> rows(const std::string& sql) const;

  // An immediate shutdown, which is a crash, and a start with its recovery.
  void crash() const;

  // Ends all sessions; how many there were.
  int terminate_all() const;

private:
  void script(const std::string& verb) const;

  std::filesystem::path m_folder;
  std::string m_url;
};

} // namespace embedctl::torture
