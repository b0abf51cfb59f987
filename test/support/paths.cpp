#include "support/paths.hpp"

#include <cstdlib>

namespace embedctl::test {

std::string source_dir() {
  return EMBEDCTL_SOURCE_DIR;
}

std::string binary() {
  const char* other = std::getenv("EMBEDCTL_TEST_BINARY");
  return other != nullptr ? other : EMBEDCTL_BINARY;
}

std::string interposer() {
  return EMBEDCTL_INTERPOSER;
}

} // namespace embedctl::test
