#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::sandbox {

// One entry of a batch's `errors`.
struct InputError {
  std::string code;
  std::string message;
  std::optional<std::string> param;
  std::optional<std::uint64_t> line; // from 1
};

// Where one request is in the input file.
struct RequestPlace {
  std::uint64_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t line = 0; // from 1
};

struct InputLimits {
  std::uint64_t requests = 0;
  std::uint64_t inputs = 0;
  std::uint64_t bytes = 0;
};

struct Validation {
  std::vector<InputError> errors;     // none: the input is good
  std::vector<RequestPlace> requests; // in the order of the lines
  std::string model;
  std::uint64_t tokens = 0;
};

// Validates a batch's input file as the provider does before running it.
Validation validate_input(
    const std::filesystem::path& file, const std::string& endpoint, const InputLimits& limits);

} // namespace embedctl::sandbox
