#pragma once

#include "base/stop.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace embedctl::zst {

// What tells one content from another.
struct Content {
  std::uint64_t bytes = 0;
  std::string sha256;

  bool operator==(const Content&) const = default;
};

// Packs a file into `archive`, durably, and tells what is in it. The archive, or a better one than
// before, appears under its name only when what was written has been unpacked again and is the
// same. The file itself is left. Works on several processors, in some 30 MiB of memory. Throws
// Error{io} where the disk is full or does not give back what it was given, and
// Error{interrupted}.
Content
pack(const std::filesystem::path& file, const std::filesystem::path& archive, const StopFlag& stop);

// Reads it through. Throws as PackedStream does, and Error{corrupt} for another content.
void check_packed(
    const std::filesystem::path& archive,
    const Content& content,
    const StopFlag& stop,
    const std::string& hint = {});

} // namespace embedctl::zst
