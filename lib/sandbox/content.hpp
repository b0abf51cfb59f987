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

// Answers with a file, streamed from disk; ranges are honoured. The faults `truncate` and `stall`
// happen here. The file may be removed as soon as this returns.
void send_file(
    httplib::Response& response,
    const std::filesystem::path& file,
    const std::vector<FaultRule>& faults,
    const StopFlag& stop);

// Lets `truncate` and `stall` happen to an answer that has its body already.
void hamper_body(
    httplib::Response& response, const std::vector<FaultRule>& faults, const StopFlag& stop);

} // namespace embedctl::sandbox
