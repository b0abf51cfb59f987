#include "core/http_transport.hpp"

#include "support/catch.hpp"

using namespace embedctl;

TEST_CASE("a key is taken out wherever it stands", "[core]") {
  CHECK(without_key("Bearer k-1, again k-1", Secret("k-1")) == "Bearer ***, again ***");
  CHECK(without_key("nothing of it", Secret("k-1")) == "nothing of it");
  CHECK(without_key("as it is", Secret("")) == "as it is");
}

TEST_CASE("a key that reads like what stands for it is taken out once", "[core]") {
  CHECK(without_key("a * b", Secret("*")) == "a *** b");
  CHECK(without_key("****", Secret("**")) == "******");
}
