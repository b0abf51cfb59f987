#include "requests/answer.hpp"

#include "base/bytes.hpp"

namespace embedctl::requests {

namespace {

constexpr std::size_t k_longest_code = 100;

} // namespace

Failure failure(std::string_view code, std::string_view message) {
  return Failure{printable(code, k_longest_code), printable(message)};
}

} // namespace embedctl::requests
