#include "store/index_record.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "store/run.hpp"
#include "support/catch.hpp"
#include "support/fake_index_keeper.hpp"
#include "support/records.hpp"
#include "support/scratch_folder.hpp"

using namespace embedctl;
using namespace embedctl::store;

TEST_CASE("what was dropped is read back as it was recorded", "[store][index]") {
  const test::ScratchFolder scratch;
  const auto path = scratch / "indexes.json";
  CHECK(load_index_record(path).indexes.empty());
  VectorIndex odd = test::some_index("\"Odd\".\"na\"\"me\"");
  odd.comment = "it's \n \\ one";
  odd.tablespace = "fast";
  odd.parent = "public.parent";
  odd.statistics = {{1, 250}, {2, 0}};
  odd.needed_bytes = 5'000'000'000;
  save_index_record(path, {1'700'000'000, {test::some_index(), odd}});
  const IndexRecord record = load_index_record(path);
  CHECK(record.dropped_at == 1'700'000'000);
  REQUIRE(record.indexes.size() == 2);
  CHECK(record.indexes[0] == test::some_index());
  CHECK(record.indexes[1] == odd);
  save_index_record(path, {});
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a record of indexes that is damaged is refused and left as it is", "[store][index]") {
  const test::ScratchFolder scratch;
  const auto path = scratch / "indexes.json";
  VectorIndex wrong = test::some_index();
  wrong.definition = "DROP TABLE knowledge_chunks";
  save_index_record(path, {1, {wrong}});
  const std::string text = read_file(path, 1'000'000);
  for (const std::string& damaged :
       {text, std::string("{"), std::string(R"({"format": 1})"),
        std::string(R"({"format": 2, "dropped_at": 1, "indexes": []})")}) {
    write_file_atomically(path, damaged);
    CHECK_THROWS_AS(load_index_record(path), Error);
    CHECK(read_file(path, 1'000'000) == damaged);
  }
}

TEST_CASE("a run is not finished while an index is missing", "[store][index]") {
  const test::ScratchFolder scratch;
  Run run = Run::create(scratch / "batches", test::some_run_record());
  CHECK(run.state() == RunState::finished);
  run.save(IndexRecord{1, {test::some_index()}});
  CHECK(run.state() == RunState::ended);
  run.settle();
  CHECK_FALSE(run.record().finished);
  CHECK(run.missing_indexes().indexes.size() == 1);
  run.save(IndexRecord{});
  run.settle();
  CHECK(run.record().finished);
}
