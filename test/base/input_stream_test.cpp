#include "base/input_stream.hpp"

#include "base/file.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <array>
#include <string>

using namespace embedctl;
using embedctl::test::ScratchFolder;

namespace {

std::string all_of(InputStream& stream) {
  std::string all;
  std::array<char, 5> room{};
  while (const std::size_t got = stream.read(room))
    all.append(room.data(), got);
  return all;
}

} // namespace

TEST_CASE("a part of a file is read from its begin to its end", "[base]") {
  const ScratchFolder scratch;
  const std::string text = "0123456789abcdefghij";
  write_file_atomically(scratch / "f", text);
  for (std::size_t begin = 0; begin <= text.size(); ++begin)
    for (std::size_t end = begin; end <= text.size() + 1; ++end) {
      FileStream part(scratch / "f", begin, end);
      CHECK(all_of(part) == text.substr(begin, end - begin));
    }
  FileStream rest(scratch / "f", 12);
  CHECK(all_of(rest) == text.substr(12));
}

TEST_CASE("the next line is found however far it is", "[base]") {
  const ScratchFolder scratch;
  const std::string text = "a\n\n" + std::string(200'000, 'b') + "\nlast";
  write_file_atomically(scratch / "f", text);
  CHECK(next_line(scratch / "f", 0) == 2);
  CHECK(next_line(scratch / "f", 1) == 2);
  CHECK(next_line(scratch / "f", 2) == 3);
  CHECK(next_line(scratch / "f", 3) == 200'004);
  CHECK(next_line(scratch / "f", 200'003) == 200'004);
  CHECK(next_line(scratch / "f", 200'004) == text.size());
  CHECK(next_line(scratch / "f", text.size()) == text.size());
}
