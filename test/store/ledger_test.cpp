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

std::vector<std::size_t> rows_of(const Ledger& ledger, std::size_t request) {
  std::vector<std::size_t> rows;
  ledger.for_each_row_of(request, [&](std::size_t row) { rows.push_back(row); });
  return rows;
}

} // namespace

TEST_CASE("rows may share a request", "[store]") {
  const ScratchFolder scratch;
  std::string text;
  int n = 0;
  for (const auto& [key, id] : std::vector<std::pair<std::string, std::string>>{
           {"a", "x"}, {"b", "y"}, {"c", "x"}, {"tab\t", "z\t"}, {"e", "x"}, {"f", "y"}})
    text += ledger_line(key, print_of(n++), id);
  write_file_atomically(scratch / "rows.tsv", text);
  const Ledger ledger = Ledger::load(scratch / "rows.tsv");
  CHECK(ledger.rows() == 6);
  REQUIRE(ledger.requests() == 3);
  CHECK(ledger.custom_id(2) == "z\t");
  CHECK(rows_of(ledger, *ledger.find_request("x")) == std::vector<std::size_t>{0, 2, 4});
  CHECK(rows_of(ledger, *ledger.find_request("y")) == std::vector<std::size_t>{1, 5});
  CHECK(rows_of(ledger, *ledger.find_request("z\t")) == std::vector<std::size_t>{3});
  CHECK(ledger.request_of(4) == 0);
  CHECK(ledger.find_row("tab\t") == 3);
  CHECK_FALSE(ledger.find_row("x"));
  CHECK_FALSE(ledger.find_request("a"));
}

TEST_CASE("a ledger of format 1 has keys for custom ids", "[store]") {
  const ScratchFolder scratch;
  const std::string zeros(64, '0');
  write_file_atomically(scratch / "rows.tsv", "a\t" + zeros + "\nb\t" + zeros + "\n");
  const Ledger ledger = Ledger::load(scratch / "rows.tsv");
  CHECK(ledger.rows() == 2);
  CHECK(ledger.custom_id(1) == "b");
  CHECK(ledger.find_request("b") == 1);
  CHECK(ledger.key(1) == "b");
}

TEST_CASE("a key that comes twice under two custom ids is damage", "[store]") {
  const ScratchFolder scratch;
  write_file_atomically(
      scratch / "rows.tsv", ledger_line("a", print_of(1), "x") + ledger_line("a", print_of(1), "y"));
  CHECK_THROWS_AS(Ledger::load(scratch / "rows.tsv"), Error);
}

TEST_CASE("a ledger is found by its keys, in the order they were sent", "[store]") {
  const ScratchFolder scratch;
  const std::vector<std::string> keys = {
      "a", "", "with\ttab\nand newline\\", "long key beyond the small string"};
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i)
    text += ledger_line(keys[i], print_of(static_cast<int>(i)), keys[i]);
  write_file_atomically(scratch / "rows.tsv", text);

  Ledger loaded = Ledger::load(scratch / "rows.tsv");
  const Ledger ledger = std::move(loaded);
  REQUIRE(ledger.rows() == keys.size());
  REQUIRE(ledger.requests() == keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK(ledger.key(i) == keys[i]);
    CHECK(ledger.fingerprint(i) == print_of(static_cast<int>(i)));
    CHECK(ledger.find_row(keys[i]) == i);
    CHECK(ledger.find_request(keys[i]) == i);
    CHECK(rows_of(ledger, i) == std::vector<std::size_t>{i});
  }
  CHECK_FALSE(ledger.find_row("b"));
  CHECK_FALSE(ledger.find_request("b"));
  std::vector<std::string> streamed;
  for_each_key(scratch / "rows.tsv", [&](std::string_view key) { streamed.emplace_back(key); });
  CHECK(streamed == keys);
}

TEST_CASE("a damaged ledger is refused by line", "[store]") {
  const ScratchFolder scratch;
  const std::string good = ledger_line("a", print_of(1), "id-a");
  for (const std::string& bad :
       {std::string("\n"), std::string("a\n"), "b\t" + std::string(64, 'g') + "\n",
        "b\t" + std::string(62, '0') + "\n", "b\t" + std::string(66, '0') + "\n",
        "b\t" + std::string(64, '0') + "\tid\tmore\n", "b\t" + std::string(64, '0'), good,
        good.substr(0, 20)}) {
    write_file_atomically(scratch / "rows.tsv", good + bad);
    try {
      Ledger::load(scratch / "rows.tsv");
      FAIL("taken: " << bad);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::corrupt);
      CHECK_THAT(error.what(), ContainsSubstring("line 2 is not a row"));
    }
    CHECK(read_file(scratch / "rows.tsv", 1000) == good + bad);
  }
}
