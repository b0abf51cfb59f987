#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace embedctl::cli {

bool is_live_terminal(int fd, const Environment& environment) {
  return ::isatty(fd) != 0 && environment.get("TERM") != "dumb";
}

bool wants_colour(int fd, const Environment& environment) {
  return is_live_terminal(fd, environment) && !environment.get("NO_COLOR");
}

std::size_t terminal_width(int fd) {
  constexpr std::size_t k_usual_width = 80;
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : k_usual_width;
}

} // namespace embedctl::cli
