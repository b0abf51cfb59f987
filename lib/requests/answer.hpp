#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace embedctl::requests {

// A vector of any width, every number finite. Valid until the next line.
struct Embedding {
  std::span<const float> values;
};

// The provider failed the request, or what it sent cannot be used.
struct Failure {
  std::string code;
  std::string message;
};

// Both parts may come from the provider: they are made printable, and the code is kept short.
Failure failure(std::string_view code, std::string_view message);

// What came back for a request.
using Answer = std::variant<Embedding, Failure>;

} // namespace embedctl::requests
