#include "core/batch_provider.hpp"

namespace embedctl {

std::string_view to_string(RemoteStatus status) {
  switch (status) {
  case RemoteStatus::validating:
    return "validating";
  case RemoteStatus::in_progress:
    return "in_progress";
  case RemoteStatus::finalizing:
    return "finalizing";
  case RemoteStatus::cancelling:
    return "cancelling";
  case RemoteStatus::completed:
    return "completed";
  case RemoteStatus::failed:
    return "failed";
  case RemoteStatus::expired:
    return "expired";
  case RemoteStatus::cancelled:
    return "cancelled";
  case RemoteStatus::unknown:
    break;
  }
  return "unknown";
}

bool has_ended(RemoteStatus status) {
  return status == RemoteStatus::completed || status == RemoteStatus::failed
         || status == RemoteStatus::expired || status == RemoteStatus::cancelled;
}

} // namespace embedctl
