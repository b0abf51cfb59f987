#include "cli/format.hpp"
#include "cli/table.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

using namespace embedctl::cli;
using std::chrono::seconds;

TEST_CASE("a word for a shell is quoted where it must be", "[cli]") {
  CHECK(shell_quoted("batches/a-b_c/run_1") == "batches/a-b_c/run_1");
  CHECK(shell_quoted("my batches") == "'my batches'");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("durations are as short as they can be", "[cli]") {
  CHECK(human_duration(seconds(-3)) == "0s");
  CHECK(human_duration(seconds(59)) == "59s");
  CHECK(human_duration(seconds(60)) == "1m00s");
  CHECK(human_duration(seconds(80)) == "1m20s");
  CHECK(human_duration(seconds(2 * 3600 + 5 * 60 + 59)) == "2h05m");
  CHECK(human_duration(seconds(86399)) == "23h59m");
  CHECK(human_duration(seconds(76 * 3600)) == "3d04h");
}

TEST_CASE("times are told for people and for machines", "[cli]") {
  CHECK(utc_time(1'772'366'405) == "2026-03-01T12:00:05Z");
  CHECK(local_time(1'772'366'405).size() == std::string("2026-03-01 12:00:05").size());
}

TEST_CASE("a percentage is complete only when all is done", "[cli]") {
  CHECK(percent(0, 0).empty());
  CHECK(percent(0, 10) == "0%");
  CHECK(percent(999'999, 1'000'000) == "99%");
  CHECK(percent(10, 10) == "100%");
  CHECK(percent(11, 10) == "100%");
}

TEST_CASE("text is measured and cut by code points", "[cli]") {
  CHECK(display_width("na\xc3\xafve") == 5);
  CHECK(cut_to_width("na\xc3\xafve", 3) == "na\xc3\xaf");
  CHECK(cut_to_width("na\xc3\xafve", 5) == "na\xc3\xafve");
  CHECK(cut_to_width("abc", 0).empty());
}

TEST_CASE("a table lines its columns up and its numbers to the right", "[cli]") {
  Table table({{"batch"}, {"status"}, {"rows", Table::Align::right}, {"note"}});
  table.add_row({"1", "completed", "50,000", ""});
  table.add_row({"2", "na\xc3\xafve", "7", "x\x1b[2J"});
  table.add_row({"3"});
  CHECK(
      table.text()
      == "batch  status       rows  note\n"
         "1      completed  50,000\n"
         "2      na\xc3\xafve           7  x\\x1b[2J\n"
         "3\n");
  CHECK_THROWS_AS(table.add_row({"1", "2", "3", "4", "5"}), embedctl::Error);
}
