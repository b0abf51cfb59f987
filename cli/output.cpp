#include "cli/output.hpp"

#include "base/error.hpp"
#include "cli/exit_code.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace embedctl::cli {

namespace {

// 0, or the errno of what went wrong.
int write_all(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put >= 0) {
      text.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // A parent may have handed over a pipe that does not block.
      pollfd waiting{fd, POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

} // namespace

void write_to(int fd, std::string_view what, std::string_view text) {
  if (const int error_number = write_all(fd, text); error_number != 0)
    throw Error(
        ErrorKind::io,
        fmt::format("cannot write to {}: {}", what, std::generic_category().message(error_number)));
}

void write_stdout(std::string_view text) {
  write_to(STDOUT_FILENO, "standard output", text);
}

void write_stderr(std::string_view text) noexcept {
  write_all(STDERR_FILENO, text);
}

int print_result(Context& context, int exit_code, std::string_view json, std::string_view text) {
  context.progress.close();
  if (context.common.json)
    write_stdout(fmt::format("{}\n", json));
  else if (!context.common.quiet || !is_quiet_code(exit_code))
    write_stdout(text);
  return exit_code;
}

} // namespace embedctl::cli
