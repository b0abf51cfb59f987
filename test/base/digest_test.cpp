#include "base/digest.hpp"

#include "base/bytes.hpp"

#include "support/catch.hpp"

#include <set>

using namespace embedctl;

TEST_CASE("SHA-256 matches the vectors of FIPS 180", "[base]") {
  const std::pair<std::string, const char*> vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {std::string(1'000'000, 'a'),
       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
  for (const auto& [text, expected] : vectors) {
    Sha256 digest;
    digest.add(text);
    CHECK(to_hex(digest.finish()) == expected);
  }
}

TEST_CASE("SHA-256 is the same however the text is cut", "[base]") {
  Sha256 digest;
  for (const char* piece : {"a", "", "b", "c"})
    digest.add(piece);
  CHECK(
      to_hex(digest.finish())
      == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("random names have the length asked for and do not repeat", "[base]") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string name = random_hex(16);
    CHECK(name.size() == 32);
    CHECK(name.find_first_not_of("0123456789abcdef") == std::string::npos);
    seen.insert(name);
  }
  CHECK(seen.size() == 100);
}
