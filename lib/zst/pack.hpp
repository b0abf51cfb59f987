#pragma once

#include "base/stop.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedctl::zst {

// Size and digest of a file's content.
struct Content {
  std::uint64_t bytes = 0;
  std::string sha256;

  bool operator==(const Content&) const = default;
};

// Packs a file into `archive`, durably, and returns size and digest of its content. The archive,
// which may replace an older one, gets its name only after it has been unpacked and compared. The
// file itself stays. Uses several threads and about 30 MiB of memory. Throws Error{io} if the disk
// is full or returns other data than written, and Error{interrupted}.
Content
pack(const std::filesystem::path& file, const std::filesystem::path& archive, const StopFlag& stop);

// Reads the whole archive. Throws as PackedStream does, and Error{corrupt} if the content differs.
void check_packed(
    const std::filesystem::path& archive,
    const Content& content,
    const StopFlag& stop,
    const std::string& hint = {});

} // namespace embedctl::zst
