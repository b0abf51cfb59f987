#include "support/process.hpp"

#include <csignal>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace embedctl::test {

namespace {

constexpr int k_cannot_start = 127;

Fd nameless_file() {
  Fd fd(::memfd_create("output", MFD_CLOEXEC));
  if (fd.get() < 0)
    throw std::runtime_error("no file for a child's output");
  return fd;
}

std::string content_of(const Fd& fd) {
  struct stat status {};
  ::fstat(fd.get(), &status);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got =
        ::pread(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (got <= 0)
      throw std::runtime_error("a child's output cannot be read");
    done += static_cast<std::size_t>(got);
  }
  return text;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

} // namespace

Process::Process(const Command& command) : m_out(nameless_file()), m_err(nameless_file()) {
  std::vector<std::string> arguments = command.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : command.environment)
    variables.push_back(name + "=" + value);
  const auto argv = pointers_to(arguments);
  const auto envp = pointers_to(variables);
  const std::string folder = command.folder.string();

  const pid_t parent = ::getpid();
  m_id = ::fork();
  if (m_id < 0)
    throw std::runtime_error("cannot fork");
  if (m_id > 0)
    return;
  // Between fork and exec only what a signal handler may do.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = ::open("/dev/null", O_RDONLY);
  const bool ready =
      ::getppid() == parent && ::chdir(folder.c_str()) == 0 && ::dup2(nothing, STDIN_FILENO) >= 0
      && ::dup2(m_out.get(), STDOUT_FILENO) >= 0 && ::dup2(m_err.get(), STDERR_FILENO) >= 0;
  ::umask(command.umask);
  if (ready)
    ::execve(argv[0], argv.data(), envp.data());
  ::_exit(k_cannot_start);
}

Process::~Process() {
  if (has_ended())
    return;
  signal(SIGKILL);
  ::waitpid(m_id, nullptr, 0);
}

void Process::signal(int number) const {
  if (!m_ended)
    ::kill(m_id, number);
}

std::string Process::out() const {
  return content_of(m_out);
}

std::string Process::err() const {
  return content_of(m_err);
}

bool Process::has_ended() {
  int status = 0;
  if (!m_ended && ::waitpid(m_id, &status, WNOHANG) == m_id) {
    m_ended = true;
    m_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return m_ended;
}

Outcome Process::wait(std::chrono::seconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!has_ended()) {
    if (std::chrono::steady_clock::now() > until) {
      signal(SIGKILL);
      throw std::runtime_error(fmt::format(
          "process {} did not end in {} s\n{}\n{}", m_id, timeout.count(), out(), err()));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {m_exit_code, out(), err()};
}

} // namespace embedctl::test
