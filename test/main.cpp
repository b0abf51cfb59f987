#define CATCH_CONFIG_RUNNER
#include "support/catch.hpp"

#include <csignal>

namespace {

// As a shell gives them: nohup, say, leaves a signal ignored, and child processes inherit it.
void set_default_signals() {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD})
    std::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

} // namespace

int main(int argc, char** argv) {
  set_default_signals();
  return Catch::Session().run(argc, argv);
}
