#include "cli/run.hpp"

#include "cli/command_line.hpp"
#include "cli/error_report.hpp"
#include "cli/exit_code.hpp"
#include "cli/help.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"
#include "cli/terminal.hpp"
#include "core/system_clock.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace embedctl::cli {

namespace {

// Where a standard descriptor is closed, the next file opened would take its number and have our
// output written into it. The opposite mode keeps each use of the stand-in an error.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(fd, F_GETFD) < 0) [[maybe_unused]]
      const int taken = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

ProgressStyle style_for(const CommonArguments& common, const Environment& environment) {
  ProgressStyle style;
  style.live = is_live_terminal(STDERR_FILENO, environment);
  style.colour = wants_colour(STDERR_FILENO, environment);
  style.quiet = common.quiet;
  style.verbose = common.verbose;
  return style;
}

void report(const Error& error, int exit_code, bool json, bool colour) {
  if (json) {
    try {
      write_stdout(error_json(error, exit_code) + "\n");
      return;
    } catch (const Error&) {
      // Nobody reads stdout: say it where someone may.
    }
  }
  write_stderr(error_text(error, colour));
}

std::string help_text(
    const HelpRequest& request, const std::vector<Command>& commands, const TextStyle& style) {
  switch (request.about) {
  case HelpRequest::About::version:
    return "embedctl " EMBEDCTL_VERSION "\n";
  case HelpRequest::About::command:
  case HelpRequest::About::name:
    return help_on(request.name, commands, style);
  case HelpRequest::About::overview:
  case HelpRequest::About::nothing:
    break;
  }
  return overview(commands, style);
}

void print_help(
    const HelpRequest& request,
    int fd,
    const std::vector<Command>& commands,
    const Environment& environment) {
  // Longer lines than these are hard to read.
  constexpr std::size_t k_widest = 100;
  TextStyle style;
  if (is_live_terminal(fd, environment))
    style.width = std::min(terminal_width(fd), k_widest);
  style.colour = wants_colour(fd, environment);
  write_to(
      fd, fd == STDOUT_FILENO ? "standard output" : "standard error",
      help_text(request, commands, style));
}

} // namespace

int run(const std::vector<std::string>& arguments, const std::vector<Command>& commands) {
  ::umask(077);
  occupy_standard_descriptors();

  StopFlag stop;
  const SignalHandlers handlers(stop);
  SystemClock clock(stop);
  Environment environment;
  bool json = asks_for_json(arguments, environment);
  bool quiet = false;
  std::optional<Progress> progress;
  std::optional<Error> error;
  int exit_code = ExitCode::done;
  try {
    if (const HelpRequest request = help_request(arguments, commands);
        request.about != HelpRequest::About::nothing) {
      print_help(request, arguments.empty() ? STDERR_FILENO : STDOUT_FILENO, commands, environment);
      return arguments.empty() ? ExitCode::usage : ExitCode::done;
    }
    environment.load(".env");
    json = asks_for_json(arguments, environment);
    const Invocation invocation = parse_command_line(arguments, commands, environment);
    json = invocation.common.json;
    quiet = invocation.common.quiet && !json;
    progress.emplace(style_for(invocation.common, environment), clock, write_stderr, [] {
      return terminal_width(STDERR_FILENO);
    });
    const ProgressTicker ticker(*progress, [&] { return handlers.take_report_request(); });
    Context context{environment, stop, clock, *progress, invocation.common};
    exit_code = invocation.command->run(context);
  } catch (...) {
    error = current_error();
    exit_code = exit_code_for(*error, stop);
  }
  if (progress) {
    progress->close();
    progress->flush_held(exit_code);
  }
  if (error && !(quiet && is_quiet_code(exit_code)))
    report(*error, exit_code, json, wants_colour(STDERR_FILENO, environment));
  return exit_code;
}

} // namespace embedctl::cli
