#include "cli/commands.hpp"
#include "cli/run.hpp"

#include <algorithm>

int main(int argc, char** argv) {
  return embedctl::cli::run({argv + std::min(argc, 1), argv + argc}, embedctl::cli::all_commands());
}
