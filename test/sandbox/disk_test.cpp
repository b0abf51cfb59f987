#include "sandbox/disk.hpp"

#include "base/error.hpp"
#include "sandbox/data_folder.hpp"
#include "sandbox/ledger.hpp"

#include "support/catch.hpp"

#include <vector>

using namespace embedctl;
using namespace embedctl::sandbox;

TEST_CASE(
    "lines are read whole, with their places, and the last may lack its newline", "[sandbox]") {
  const DataFolder folder({});
  const auto path = folder.path() / "lines";
  const std::string long_line(600'000, 'x');
  replace_file(path, "one\n\n" + long_line + "\nlast");
  LineReader reader(path);
  std::vector<std::pair<std::uint64_t, std::string>> lines;
  while (const auto line = reader.next()) {
    CHECK(line->number == lines.size() + 1);
    lines.emplace_back(line->offset, line->text);
  }
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == std::pair<std::uint64_t, std::string>(0, "one"));
  CHECK(lines[1] == std::pair<std::uint64_t, std::string>(4, ""));
  CHECK(lines[2] == std::pair<std::uint64_t, std::string>(5, long_line));
  CHECK(lines[3] == std::pair<std::uint64_t, std::string>(600'006, "last"));
  CHECK(read_at(open_for_reading(path), 600'006, 100, path) == "last");
}

TEST_CASE("an empty file has no lines", "[sandbox]") {
  const DataFolder folder({});
  replace_file(folder.path() / "empty", "");
  CHECK_FALSE(LineReader(folder.path() / "empty").next());
}

TEST_CASE("an appender cuts off what is past its start", "[sandbox]") {
  const DataFolder folder({});
  const auto path = folder.path() / "log";
  replace_file(path, "kept and half a li");
  Appender appender(path, 5);
  appender.write("on");
  appender.flush();
  CHECK(appender.size() == 7);
  CHECK(read_file(path, 100) == "kept on");
}

TEST_CASE("a private data folder goes with its owner, a given one stays", "[sandbox]") {
  fs::path temporary;
  fs::path given;
  {
    const DataFolder outer({});
    temporary = outer.path();
    given = temporary / "given";
    { const DataFolder inner(given); }
    CHECK(fs::is_directory(given));
  }
  CHECK_FALSE(fs::exists(temporary));
}

TEST_CASE("two sandboxes do not share a data folder", "[sandbox]") {
  const DataFolder folder({});
  CHECK_THROWS_WITH(DataFolder(folder.path()), ContainsSubstring("another sandbox is using"));
}

TEST_CASE("the ledger forgets what was not committed", "[sandbox]") {
  const DataFolder folder({});
  Ledger ledger(folder.path() / "ledger.jsonl", 0);
  ledger.begin();
  ledger.add("batch_1", "a", 1, 10);
  ledger.commit();
  const auto size = ledger.size();
  ledger.add("batch_1", "b", 2, 10);
  ledger.begin();
  ledger.add("batch_1", "c", 3, 5);
  CHECK(ledger.size() == size);
  ledger.commit();
  CHECK(ledger.summary().requests == 2);
  CHECK(ledger.summary().tokens == 15);
}
