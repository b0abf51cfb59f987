#include "http/content_range.hpp"

#include "support/catch.hpp"

using embedctl::http::completes_from;

TEST_CASE("a part is taken only if it is all that is missing", "[http]") {
  CHECK(completes_from("bytes 10-99/100", 10));
  CHECK(completes_from("bytes 10-99/*", 10));
  for (const char* wrong :
       {"", "bytes 9-99/100", "bytes 11-99/100", "bytes 10-98/100", "bytes 10-99/1000",
        "bytes */100", "10-99/100", "bytes 10-99", "bytes 10-99/100 ", "bytes -10-99/100",
        "bytes 10-/100", "lines 10-99/100"}) {
    CAPTURE(wrong);
    CHECK_FALSE(completes_from(wrong, 10));
  }
}
