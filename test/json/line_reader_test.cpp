#include "json/line_reader.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <string>
#include <vector>

using embedctl::json::LineReader;
using embedctl::test::ScratchFolder;

namespace {

struct Line {
  std::string text;
  bool too_long;
  bool terminated;
  friend bool operator==(const Line&, const Line&) = default;
};

std::vector<Line> lines_of(const std::string& content) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "file", std::ios::binary) << content;
  LineReader reader(scratch / "file");
  std::vector<Line> lines;
  while (reader.next()) {
    lines.push_back({std::string(reader.line()), reader.too_long(), reader.terminated()});
    CHECK(reader.number() == lines.size());
  }
  CHECK_FALSE(reader.next());
  return lines;
}

Line whole(std::string text) {
  return {std::move(text), false, true};
}

} // namespace

TEST_CASE("a file is its lines", "[json]") {
  CHECK(lines_of("").empty());
  CHECK(lines_of("\n") == std::vector{whole("")});
  CHECK(lines_of("a\n\nb\r\n") == std::vector{whole("a"), whole(""), whole("b\r")});
  CHECK(lines_of(std::string("a\0b\n", 4)) == std::vector{whole(std::string("a\0b", 3))});
}

TEST_CASE("a last line without its newline is told apart", "[json]") {
  CHECK(lines_of("a\nb") == std::vector{whole("a"), Line{"b", false, false}});
  CHECK(lines_of("b") == std::vector{Line{"b", false, false}});
}

TEST_CASE("lines of every length around the size of the buffer come whole", "[json]") {
  constexpr std::size_t k_buffer = std::size_t{1} << 20;
  std::string content;
  std::vector<Line> expected;
  for (const std::size_t length :
       {k_buffer - 1, k_buffer, k_buffer + 1, std::size_t{10}, 2 * k_buffer, std::size_t{0},
        3 * k_buffer + 7}) {
    expected.push_back(whole(std::string(length, static_cast<char>('a' + expected.size()))));
    content += expected.back().text + "\n";
  }
  CHECK(lines_of(content) == expected);
}

TEST_CASE("a line is too long by its length alone, and holds up none of the others", "[json]") {
  const auto longest = LineReader::k_longest_line;
  for (const std::size_t before : {std::size_t{0}, std::size_t{1}, longest / 2, longest - 1}) {
    const std::string first(before, 'f');
    for (const std::size_t length : {longest + 1, longest + longest / 2, 3 * longest}) {
      const auto lines = lines_of(first + "\n" + std::string(length, 'x') + "\nlast\n");
      REQUIRE(lines.size() == 3);
      CHECK(lines[0].text == first);
      CHECK(lines[1].too_long);
      CHECK(lines[1].text.empty());
      CHECK(lines[2] == whole("last"));
    }
    const auto lines = lines_of(first + "\n" + std::string(longest, 'x') + "\n");
    REQUIRE(lines.size() == 2);
    CHECK_FALSE(lines[1].too_long);
    CHECK(lines[1].text.size() == longest);
  }
}

TEST_CASE("a file that ends within a line too long ends", "[json]") {
  const auto lines = lines_of("a\n" + std::string(2 * LineReader::k_longest_line, 'x'));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].too_long);
  CHECK_FALSE(lines[1].terminated);
}

TEST_CASE("a file that is not there or is a folder is refused", "[json]") {
  const ScratchFolder scratch;
  CHECK_THROWS_AS(LineReader(scratch / "none"), embedctl::Error);
  LineReader folder(scratch / "");
  CHECK_THROWS_AS(folder.next(), embedctl::Error);
}
