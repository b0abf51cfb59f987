// Archives: whatever bytes a .zst file holds, it is refused as damaged or gives exactly as many
// bytes as batch.json says; and what is packed is unpacked bit for bit.

#include "base/stop.hpp"
#include "fuzz/support.hpp"
#include "zst/pack.hpp"
#include "zst/packed_stream.hpp"

#include <cstdint>
#include <string>

using namespace embedctl;
using namespace embedctl::fuzz;

namespace {

std::string unpacked(const std::filesystem::path& path, std::uint64_t length, std::size_t piece) {
  zst::PackedStream stream(path, length);
  std::string all;
  std::string room(piece, '\0');
  while (const std::size_t got = stream.read(room)) {
    all.append(room, 0, got);
    require(all.size() <= length, "an archive gives no more than was packed");
  }
  return all;
}

void check_again(std::string_view text) {
  static const MemoryFolder folder;
  static const StopFlag stop;
  static MemoryFile plain;
  plain.set(text);
  const auto content = zst::pack(plain.path(), folder / "archive", stop);
  require(content.bytes == text.size(), "the length is that of the file");
  require(unpacked(folder / "archive", text.size(), 1000) == text, "what is packed is unpacked");
}

} // namespace

// The first two bytes are the length that is on record.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  const std::uint64_t length = data[0] + 256U * data[1];
  const std::string_view text = text_of(data + 2, size - 2);
  static MemoryFile file;
  file.set(text);
  try {
    require(
        unpacked(file.path(), length, 100) == unpacked(file.path(), length, 5000),
        "an archive holds the same however it is read");
    require(unpacked(file.path(), length, 100).size() == length, "an archive is whole");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, "a damaged archive is refused as such");
    require(is_printable(error.what()), "a refusal is fit for a terminal");
  }
  if (size < 1000)
    check_again(text);
  return 0;
}
