#pragma once

#include <cstdlib>
#include <string>

namespace embedctl::e2e {

// The product that is tested: the one built beside the tests, or the one that a variable names.
inline std::string binary() {
  const char* other = std::getenv("EMBEDCTL_TEST_BINARY");
  return other != nullptr ? other : EMBEDCTL_BINARY;
}

} // namespace embedctl::e2e
