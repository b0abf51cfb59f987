#include "pipeline/splitter.hpp"

#include "json/value.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <set>
#include <sstream>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::test;

namespace {

struct Splitting {
  World world;
  store::Run run;
  std::vector<int> handed_on;
  Splitter splitter;

  explicit Splitting(
      const BatchLimits& limits, const store::RunRecord& record = some_run_record())
      : run(store::Run::create(world.scratch / "batches", record)),
        splitter(
            run.record(),
            limits,
            {[this]() -> store::Run& { return run; },
             [this](store::BatchRecord& batch) { handed_on.push_back(batch.number); },
             [](const SourceRow&, std::string_view reason) { return !reason.empty(); }},
            world.runtime()) {}

  void add(std::string_view key, std::string_view text) {
    splitter.add({key, text, FakeSource::print_of(text)});
  }
  std::string file(int number, const char* name) {
    return text_of(run.paths().batch(number).folder() / name);
  }
  // The custom ids of a batch; rows.tsv and input.jsonl must have the same, in one order.
  std::vector<std::string> ids(int number) {
    const auto ledger = store::Ledger::load(run.paths().batch(number).rows());
    std::vector<std::string> ids;
    std::istringstream input(file(number, "input.jsonl"));
    for (std::string line; std::getline(input, line);)
      ids.push_back(*json::Document::parse(line, "the request").root().string("custom_id"));
    REQUIRE(ids.size() == ledger.requests());
    for (std::size_t request = 0; request < ids.size(); ++request)
      CHECK(ledger.custom_id(request) == ids[request]);
    return ids;
  }
  std::vector<std::uint64_t> requests() {
    std::vector<std::uint64_t> each;
    for (const auto& batch : run.batches())
      each.push_back(batch.requests);
    return each;
  }
};

} // namespace

TEST_CASE("batches roll over at the limit of requests, each handed on once", "[pipeline]") {
  Splitting splitting({3, 1'000'000});
  for (int i = 0; i < 7; ++i)
    splitting.add("row-" + std::to_string(i), "text");
  CHECK(splitting.handed_on == std::vector{1, 2});
  splitting.splitter.finish();
  CHECK(splitting.handed_on == std::vector{1, 2, 3});
  CHECK(splitting.requests() == std::vector<std::uint64_t>{3, 3, 1});
  CHECK(splitting.run.rows().total() == 7);
}

TEST_CASE("no batch is over the limit of bytes, and none is needlessly small", "[pipeline]") {
  Splitting measure({1, 1'000'000});
  measure.add("row-0", "text");
  measure.splitter.finish();
  const std::uint64_t line = measure.run.batches()[0].bytes;

  Splitting splitting({1000, 3 * line});
  for (int i = 0; i < 7; ++i)
    splitting.add("row-" + std::to_string(i), "text");
  splitting.splitter.finish();
  CHECK(splitting.requests() == std::vector<std::uint64_t>{3, 3, 1});
  CHECK(splitting.file(1, "input.jsonl").size() == 3 * line);

  Splitting less({1000, 3 * line - 1});
  for (int i = 0; i < 7; ++i)
    less.add("row-" + std::to_string(i), "text");
  less.splitter.finish();
  CHECK(less.requests() == std::vector<std::uint64_t>{2, 2, 2, 1});
}

TEST_CASE("rows that cannot be sent are listed with their reason", "[pipeline]") {
  Splitting splitting({1000, 1000});
  splitting.add("good", "text");
  splitting.add("empty", "");
  splitting.add("blank", " \n\xc2\xa0");
  splitting.add("large", std::string(1000, 'x'));
  splitting.add("bytes", "bad \xff");
  splitting.add("good", "another text");
  splitting.splitter.finish();
  CHECK(splitting.requests() == std::vector<std::uint64_t>{1});
  CHECK(
      splitting.file(1, "skipped_chunk_ids.tsv")
      == "empty\tempty_text\nblank\tempty_text\nlarge\ttoo_large\nbytes\tinvalid_utf8\n"
         "good\tduplicate_key\n");
  CHECK(splitting.run.rows()[RowState::skipped] == 5);
  CHECK(splitting.run.rows().total() == 6);
}

TEST_CASE("what is sent and what is remembered of it agree", "[pipeline]") {
  Splitting splitting({1000, 100'000});
  const std::string key = "tab\tand \"quote\"\n";
  const std::string text = "line one\nline \xe2\x80\xa8 two \x01";
  splitting.add(key, text);
  splitting.splitter.finish();
  const auto ledger = store::Ledger::load(splitting.run.paths().batch(1).rows());
  CHECK(ledger.key(0) == key);
  CHECK(ledger.fingerprint(0) == FakeSource::print_of(text));
  const auto request =
      json::Document::parse(splitting.file(1, "input.jsonl"), "the request").root();
  CHECK(request.string("custom_id") == key);
  CHECK(request.find("body")->string("input") == text);
  CHECK(request.find("body")->string("model") == splitting.run.record().task.request.model);
  CHECK(request.find("body")->integer("dimensions") == splitting.run.record().task.request.dims);
  CHECK(request.find("body")->string("encoding_format") == splitting.run.record().task.request.encoding);
}

TEST_CASE("custom ids of other tasks are of one row in one batch of one run", "[pipeline]") {
  store::RunRecord record = some_run_record();
  record.task.built_in = false;
  std::set<std::string> all;
  for (const char* run_id : {"0123456789abcdef", "fedcba9876543210"}) {
    record.run_id = run_id;
    Splitting splitting({2, 1'000'000}, record);
    for (const char* key : {"a", "b", "a", "b"}) // a batch takes each key once
      splitting.add(key, "text");
    splitting.splitter.finish();
    REQUIRE(splitting.requests() == std::vector<std::uint64_t>{2, 2});
    for (const int number : {1, 2})
      for (const std::string& id : splitting.ids(number)) {
        CHECK(id.size() == 32);
        CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK(all.insert(id).second);
      }
    CHECK(splitting.file(1, "rows.tsv").starts_with("a\t"));
  }
  CHECK(all.size() == 8);
}

TEST_CASE("the custom ids of the built-in task are its keys", "[pipeline]") {
  Splitting splitting({2, 1'000'000});
  for (const char* key : {"a", "b", "c"})
    splitting.add(key, "text");
  splitting.splitter.finish();
  CHECK(splitting.ids(1) == std::vector<std::string>{"a", "b"});
  CHECK(splitting.ids(2) == std::vector<std::string>{"c"});
}

TEST_CASE("a stop leaves the batch being written planned", "[pipeline]") {
  Splitting splitting({1000, 100'000});
  splitting.add("row-0", "text");
  splitting.world.stop.request(SIGINT);
  CHECK(kind_of([&] { splitting.add("row-1", "text"); }) == ErrorKind::interrupted);
  CHECK(splitting.handed_on.empty());
  CHECK(
      store::load_batch_record(splitting.run.paths().batch(1).record()).state
      == store::BatchState::planned);
}
