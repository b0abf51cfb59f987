#include "pg/copy_reader.hpp"

#include "base/error.hpp"
#include "pg/fixture.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pg;

namespace {

// COPY (SELECT 'k1'::text, 'h' || chr(233) || chr(10), '\x00ff'::bytea
//       UNION ALL SELECT 'k2', NULL, NULL) TO STDOUT (FORMAT binary)
constexpr std::string_view k_header("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
constexpr std::string_view k_first("\0\x03\0\0\0\x02k1\0\0\0\x04h\xc3\xa9\n\0\0\0\x02\x00\xff", 22);
constexpr std::string_view k_second("\0\x03\0\0\0\x02k2\xff\xff\xff\xff\xff\xff\xff\xff", 16);
constexpr std::string_view k_end("\xff\xff");

std::string golden() {
  return std::string(k_header) + std::string(k_first) + std::string(k_second) + std::string(k_end);
}

using Rows = std::vector<std::vector<std::optional<std::string>>>;

Rows expected() {
  return {{"k1", "h\xc3\xa9\n", std::string("\0\xff", 2)}, {"k2", std::nullopt, std::nullopt}};
}

// Feeds the stream in pieces of this size.
Rows read(std::string_view stream, std::size_t piece) {
  Rows rows;
  CopyReader reader(3);
  while (!stream.empty()) {
    // An allocation of its own, so that a view that outlives its call is noticed.
    const std::string bytes(stream.substr(0, piece));
    reader.feed(bytes, [&](std::span<const CopyReader::Field> fields) {
      rows.emplace_back(fields.begin(), fields.end());
    });
    stream.remove_prefix(bytes.size());
  }
  reader.finish();
  return rows;
}

} // namespace

TEST_CASE("a COPY stream is read the same wherever it is cut", "[pg]") {
  const std::string stream = golden();
  for (std::size_t piece = 1; piece <= stream.size(); ++piece)
    CHECK(read(stream, piece) == expected());
}

TEST_CASE("a COPY stream that ends anywhere but at its end is refused", "[pg]") {
  const std::string stream = golden();
  for (std::size_t size = 0; size < stream.size(); ++size)
    CHECK(
        error_of([&] { read(std::string_view(stream).substr(0, size), 7); }).kind()
        == ErrorKind::corrupt);
}

TEST_CASE("a COPY stream that Postgres would not send is refused", "[pg]") {
  const std::string header(k_header);
  std::string flags = header;
  flags[14] = 1;
  std::string extension = header;
  extension[15] = '\x7f';
  const std::string cases[] = {
      "PGCOPX" + golden(),
      flags,
      extension,
      golden() + "x",
      golden() + golden(),
      header + std::string("\0\x02\0\0\0\0\0\0\0\0", 10), // two columns
      header + std::string("\xff\xfe", 2),                // -2 columns
      header + std::string("\0\x03\xff\xff\xff\xfe", 6),  // a length of -2
      header + std::string("\0\x03\x7f\xff\xff\xff", 6),  // a length of 2 GiB
      header + std::string("\0\x03\x40\0\0\0", 6),        // a length of 1 GiB
  };
  for (const std::string& stream : cases)
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, stream.size()})
      CHECK(error_of([&] { read(stream, piece); }).kind() == ErrorKind::corrupt);
}

TEST_CASE("a header extension of a later version is passed over", "[pg]") {
  std::string stream = golden();
  stream[18] = 3;
  stream.insert(19, "ext");
  CHECK(read(stream, 4) == expected());
}
