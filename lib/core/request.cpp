#include "core/request.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace embedctl {

namespace {

constexpr std::string_view k_embed = "embed";

} // namespace

std::string_view to_string(RequestKind kind) {
  switch (kind) {
  case RequestKind::embed:
    return k_embed;
  }
  return {};
}

RequestKind request_kind_from(std::string_view name) {
  if (name == k_embed)
    return RequestKind::embed;
  throw Error(ErrorKind::corrupt, fmt::format("\"{}\" is not a kind of request", name));
}

} // namespace embedctl
