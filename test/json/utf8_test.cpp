#include "json/utf8.hpp"

#include "support/catch.hpp"

using namespace embedctl::json;

TEST_CASE("invalid UTF-8 is recognized", "[json]") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("\xf0\x9f\xa7\xaf\xc2\xa0"));
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80"})
    CHECK_FALSE(is_utf8(bad));
}
