#include "cli/run.hpp"

#include <algorithm>

int main(int argc, char** argv) {
  using namespace embedctl::cli;

  const std::vector<Verb> verbs = {};
  return run({argv + std::min(argc, 1), argv + argc}, verbs);
}
