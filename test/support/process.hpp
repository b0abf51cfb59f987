#pragma once

#include "base/fd.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace embedctl::test {

struct Command {
  std::vector<std::string> argv;                  // the first is the path of the program
  std::map<std::string, std::string> environment; // all of it
  std::filesystem::path folder = ".";             // to work in
  mode_t umask = 022;
};

struct Outcome {
  int exit_code = 0; // 128 + the signal that ended it, as a shell has it
  std::string out;
  std::string err;
};

// A child process. It is killed if it outlives this object or the test process.
class Process {
public:
  // Throws std::runtime_error.
  explicit Process(const Command& command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return m_id; }
  void signal(int number) const;

  // What it has written so far.
  std::string out() const;
  std::string err() const;

  // Waits for its end. Kills it and throws std::runtime_error with all it said when it takes
  // longer.
  Outcome wait(std::chrono::seconds timeout = std::chrono::seconds(60));

  bool has_ended();

private:
  pid_t m_id = -1;
  bool m_ended = false;
  int m_exit_code = 0;
  Fd m_out; // files without a name: no pipe that could fill up
  Fd m_err;
};

} // namespace embedctl::test
