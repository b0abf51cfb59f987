#include "store/ledger.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::ScratchFolder;

namespace {

Fingerprint print_of(int n) {
  Fingerprint fingerprint{};
  fingerprint[0] = static_cast<std::byte>(n);
  fingerprint[31] = std::byte{0xff};
  return fingerprint;
}

} // namespace

TEST_CASE("a ledger is found by its keys, in the order they were sent", "[store]") {
  const ScratchFolder scratch;
  const std::vector<std::string> keys = {
      "a", "", "with\ttab\nand newline\\", "long key beyond the small string"};
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i)
    text += ledger_line(keys[i], print_of(static_cast<int>(i)));
  write_file_atomically(scratch / "rows.tsv", text);

  Ledger loaded = Ledger::load(scratch / "rows.tsv");
  const Ledger ledger = std::move(loaded);
  REQUIRE(ledger.size() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(ledger.key(i) == keys[i]);
    CHECK(ledger.fingerprint(i) == print_of(static_cast<int>(i)));
    CHECK(ledger.find(keys[i]) == i);
  }
  CHECK_FALSE(ledger.find("b"));
  std::vector<std::string> streamed;
  for_each_key(scratch / "rows.tsv", [&](std::string_view key) { streamed.emplace_back(key); });
  CHECK(streamed == keys);
}

TEST_CASE("a damaged ledger is refused by line", "[store]") {
  const ScratchFolder scratch;
  const std::string good = ledger_line("a", print_of(1));
  for (const std::string& bad :
       {std::string("\n"), std::string("a\n"), "b\t" + std::string(64, 'g') + "\n",
        "b\t" + std::string(62, '0') + "\n", "b\t" + std::string(66, '0') + "\n",
        "b\t" + std::string(64, '0') + "\tmore\n", "b\t" + std::string(64, '0'), good,
        good.substr(0, 20)}) {
    write_file_atomically(scratch / "rows.tsv", good + bad);
    try {
      Ledger::load(scratch / "rows.tsv");
      FAIL("taken: " << bad);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::corrupt);
      CHECK_THAT(error.what(), ContainsSubstring("line 2 is no row"));
    }
    CHECK(read_file(scratch / "rows.tsv", 1000) == good + bad);
  }
}
