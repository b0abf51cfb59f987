#include "base/error.hpp"

namespace embedctl {

const char* to_string(ErrorKind kind) {
  switch (kind) {
  case ErrorKind::usage:
    return "usage";
  case ErrorKind::database:
    return "database";
  case ErrorKind::provider:
    return "provider";
  case ErrorKind::io:
    return "io";
  case ErrorKind::corrupt:
    return "corrupt";
  case ErrorKind::locked:
    return "locked";
  case ErrorKind::unreachable:
    return "unreachable";
  case ErrorKind::interrupted:
    return "interrupted";
  case ErrorKind::internal:
    break;
  }
  return "internal";
}

} // namespace embedctl
