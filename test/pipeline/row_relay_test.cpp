#include "pipeline/row_relay.hpp"

#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

using namespace embedctl;
using pipeline::RowRelay;

namespace {

using Row = std::tuple<std::string, std::string, Fingerprint>;

} // namespace

TEST_CASE("rows come out of a relay as they went in", "[pipeline]") {
  std::mt19937 random(21);
  std::vector<Row> sent;
  std::vector<Row> taken;
  RowRelay relay(
      [&taken](const SourceRow& row) { taken.emplace_back(row.key, row.text, row.fingerprint); });
  for (int i = 0; i < 5'000; ++i) {
    const std::size_t size = i % 1000 == 999 ? 4'000'000 : random() % 4'000;
    Fingerprint fingerprint{};
    fingerprint[0] = static_cast<std::byte>(random());
    sent.emplace_back(
        std::string(random() % 3, 'k') + std::to_string(i),
        std::string(size, static_cast<char>('a' + i % 26)), fingerprint);
    const auto& [key, text, print] = sent.back();
    relay.add({key, text, print});
  }
  relay.finish();
  CHECK(taken == sent);
}

TEST_CASE("a relay of rows ends with what a row has met", "[pipeline]") {
  RowRelay relay([](const SourceRow& row) {
    if (row.key == "bad")
      throw std::runtime_error("no room");
  });
  relay.add({"good", "text", {}});
  relay.add({"bad", "text", {}});
  CHECK_THROWS_AS(relay.finish(), std::runtime_error);
}

TEST_CASE("no row at all leaves nothing to take", "[pipeline]") {
  int taken = 0;
  RowRelay relay([&taken](const SourceRow&) { ++taken; });
  relay.finish();
  CHECK(taken == 0);
}
