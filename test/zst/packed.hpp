#pragma once

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/stop.hpp"
#include "support/scratch_folder.hpp"
#include "zst/pack.hpp"
#include "zst/packed_stream.hpp"

#include <fstream>
#include <functional>
#include <string>
#include <string_view>

namespace embedctl::zst::test {

inline void put(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string get(const fs::path& path) {
  return read_file(path, std::uint64_t{1} << 30);
}

// What the file holds, read in pieces of so many bytes.
inline std::string
unpacked(const fs::path& path, std::uint64_t length, std::size_t piece = 100'000) {
  PackedStream stream(path, length);
  std::string all;
  std::string room(piece, '\0');
  while (const std::size_t got = stream.read(room))
    all.append(room, 0, got);
  return all;
}

// Why the file is refused as corrupt; "" where it is not.
inline std::string refusal(const fs::path& path, std::uint64_t length) {
  try {
    unpacked(path, length);
    return "";
  } catch (const Error& error) {
    return error.kind() == ErrorKind::corrupt ? error.what() : "another error";
  }
}

// A file in a folder of its own, and its archive.
struct Packed {
  explicit Packed(std::string_view text) {
    put(plain, text);
    content = pack(plain, archive, stop);
  }
  embedctl::test::ScratchFolder scratch;
  fs::path plain = scratch / "file";
  fs::path archive = scratch / "file.zst";
  StopFlag stop;
  Content content;
};

} // namespace embedctl::zst::test
