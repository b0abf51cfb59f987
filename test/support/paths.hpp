#pragma once

#include <string>

// Where things are on this machine. Only paths.cpp is compiled with absolute paths, so that a
// compiler cache serves the other files in every clone.
namespace embedctl::test {

std::string source_dir();

// The product that is tested: the one built beside the tests, or the one that EMBEDCTL_TEST_BINARY
// names.
std::string binary();

// The library that is preloaded into the product to strike it; see test/torture/interpose.
std::string interposer();

} // namespace embedctl::test
