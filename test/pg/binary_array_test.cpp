#include "pg/binary_array.hpp"

#include "base/bytes.hpp"
#include "support/catch.hpp"

#include <vector>

using namespace embedctl;
using namespace embedctl::pg;

namespace {

std::string hex(const std::string& bytes) {
  return to_hex(std::as_bytes(std::span(bytes)));
}

} // namespace

TEST_CASE("texts are encoded as Postgres would send them", "[pg]") {
  std::string out = "what was there before";
  encode_texts(out, std::vector<std::string>{"a", ""});
  // SELECT array_send(ARRAY['a', ''])
  CHECK(hex(out) == "0000000100000000000000190000000200000001000000016100000000");
}

TEST_CASE("fingerprints are encoded as Postgres would send them", "[pg]") {
  Fingerprint fingerprint{};
  fingerprint[0] = std::byte{0xab};
  std::string out;
  encode_fingerprints(out, std::vector<Fingerprint>{fingerprint});
  // SELECT array_send(ARRAY['\xab00...00'::bytea])
  CHECK(hex(out) == "000000010000000000000011000000010000000100000020ab" + std::string(62, '0'));
}

TEST_CASE("vectors are encoded as pgvector would send them", "[pg]") {
  std::string out;
  encode_vectors(out, 0x4002, std::vector<float>{1, -2, 0.5, 0}, 2);
  // SELECT array_send(ARRAY['[1,-2]', '[0.5,0]']::vector[]), vector being type 0x4002
  CHECK(
      hex(out)
      == "0000000100000000000040020000000200000001"
         "0000000c000200003f800000c0000000"
         "0000000c000200003f00000000000000");
}
