#pragma once

#include "base/stop.hpp"
#include "sandbox/faults.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace httplib {
struct Response;
}

namespace embedctl::sandbox {

// Responds with a file, streamed from disk, with range support. The faults `truncate` and `stall`
// apply here. The file may be removed once this returns.
void send_file(
    httplib::Response& response,
    const std::filesystem::path& file,
    const std::vector<FaultRule>& faults,
    const StopFlag& stop);

// Applies `truncate` and `stall` to a response that has its body.
void hamper_body(
    httplib::Response& response, const std::vector<FaultRule>& faults, const StopFlag& stop);

} // namespace embedctl::sandbox
