#include "base/bytes.hpp"

#include "support/catch.hpp"

#include <span>
#include <string_view>
#include <vector>

using namespace embedctl;

namespace {

std::vector<std::byte> bytes(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

} // namespace

TEST_CASE("hex survives a round trip and refuses what is no hex") {
  const auto in = bytes(std::string_view("\x00\x7f\xff", 3));
  CHECK(to_hex(in) == "007fff");
  std::vector<std::byte> out(3);
  REQUIRE(from_hex("007FfF", out));
  CHECK(out == in);
  CHECK_FALSE(from_hex("007ff", out));
  CHECK_FALSE(from_hex("007fxx", out));
}

TEST_CASE("base64 matches the vectors of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    CHECK(to_base64(bytes(plain)) == coded);
    std::vector<std::byte> out;
    REQUIRE(from_base64(coded, out));
    CHECK(out == bytes(plain));
  }
}

TEST_CASE("base64 that is cut, damaged or unclean is refused") {
  std::vector<std::byte> out;
  for (const char* bad : {"Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9*", "Zh==", "Zm9=", " Zm9v"})
    CHECK_FALSE(from_base64(bad, out));
}

TEST_CASE("text from elsewhere cannot move the terminal") {
  CHECK(printable("plain \xc3\xa9") == "plain \xc3\xa9");
  CHECK(printable("\x1b[2Jgone\n") == "\\x1b[2Jgone\\x0a");
  CHECK(printable("bad \xff utf") == "bad \\xff utf");
  CHECK(printable("rtl \xe2\x80\xae") == "rtl \\xe2\\x80\\xae");
  CHECK(printable("abcdef", 3) == "abc...");
}

TEST_CASE("sizes and counts read like a person writes them") {
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_count(7) == "7");
  CHECK(human_count(1234567) == "1,234,567");
}
