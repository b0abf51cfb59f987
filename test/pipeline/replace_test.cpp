#include "pipeline/replace.hpp"

#include "pipeline/in_flight.hpp"
#include "pipeline/sender.hpp"
#include "pipeline/verify.hpp"
#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <set>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// A batch of ten rows that the provider has refused.
struct Replacing : World {
  Run run;

  Replacing() : World(10), run(submit()) {}

  BatchRecord& batch() { return run.batches().at(0); }

  void refuse(std::vector<RemoteError> errors) {
    provider.refuse(batch().batch_id, "");
    provider.batch(batch().batch_id).errors = errors;
    batch().remote = provider.retrieve(batch().batch_id);
    batch().state = BatchState::ended;
    run.save(batch());
  }

  void refuse_as_too_large() {
    // The lines of these tests are short.
    refuse({{"token_limit_exceeded", "Limit: 4 enqueued tokens", std::nullopt}});
    batch().bytes = batch().requests * 190 + 64;
  }

  std::set<std::string> keys_in_flight() const {
    std::set<std::string> keys;
    for (const auto& other : rows_in_flight(scratch / "batches", run.record()))
      other.keys([&](std::string_view key) { CHECK(keys.emplace(key).second); });
    return keys;
  }
};

} // namespace

TEST_CASE("the limit of the queue is read from the refusal", "[pipeline]") {
  CHECK(queue_limit_in("Limit: 2,000,000 enqueued tokens. Please try again") == 2'000'000);
  CHECK(queue_limit_in("limit reached. Limit: 90000 enqueued") == 90'000);
  CHECK(queue_limit_in("Limit reached") == 0);
  CHECK(queue_limit_in("") == 0);
}

TEST_CASE("a batch is replaced if it can never be accepted, and waits if it may", "[pipeline]") {
  BatchRecord batch;
  batch.state = BatchState::ended;
  batch.requests = batch.asked = 50'000;
  batch.bytes = 50'000 * (190 + 1000); // 12.5 million tokens
  batch.remote.emplace().status = RemoteStatus::failed;
  const auto remedy = [&](std::vector<RemoteError> errors) {
    batch.remote->errors = std::move(errors);
    return remedy_for(batch);
  };
  const auto full = [](const char* message) {
    return std::vector<RemoteError>{{"token_limit_exceeded", message, std::nullopt}};
  };
  CHECK(remedy(full("Limit: 3,000,000 enqueued tokens.")) == Remedy::split);
  CHECK(remedy(full("Limit: 20,000,000 enqueued tokens.")) == Remedy::wait);
  CHECK(remedy(full("no number")) == Remedy::wait);
  batch.refusals.resize(3);
  CHECK(remedy(full("Limit: 20,000,000 enqueued tokens.")) == Remedy::split);
  CHECK(remedy(full("Limit: 200,000,000 enqueued tokens.")) == Remedy::wait);
  CHECK(remedy(full("no number")) == Remedy::split);

  CHECK(remedy({{"invalid_value", "", 2}, {"invalid_value", "", 7}}) == Remedy::drop_lines);
  CHECK(remedy({{"invalid_value", "", 2}, {"invalid_value", "", std::nullopt}}) == Remedy::none);
  CHECK(remedy({{"invalid_value", "", 50'001}}) == Remedy::none);
  batch.requests = batch.asked = 1;
  CHECK(remedy({{"invalid_value", "", 1}}) == Remedy::none);
  CHECK(remedy(full("Limit: 1 enqueued tokens.")) == Remedy::none);
}

TEST_CASE("the rows of a batch that is too large are in smaller ones afterwards", "[pipeline]") {
  Replacing world;
  world.refuse_as_too_large();
  replace(world.run, world.batch(), world.runtime());
  CHECK(world.batch().state == BatchState::replaced);
  REQUIRE(world.run.batches().size() > 2);
  CHECK(world.run.rows()[RowState::pending] == 10);
  CHECK_FALSE(world.run.imbalance());
  const Run stored = Run::load(world.run.paths().folder());
  CHECK_FALSE(stored.imbalance());
  CHECK(stored.batches().size() == world.run.batches().size());
  CHECK(world.keys_in_flight().size() == 10);
  CHECK(stored.state() == RunState::incomplete);
}

TEST_CASE("a replacement that was interrupted leaves the rows where they were", "[pipeline]") {
  Replacing world;
  world.refuse_as_too_large();
  BatchRecord before = world.batch();
  replace(world.run, world.batch(), world.runtime());
  before.replaced_by = world.batch().replaced_by;
  SECTION("all new batches are there") {}
  SECTION("the last one is not whole") {
    fs::remove(world.run.paths().batch(before.replaced_by.back()).rows());
    fs::remove(world.run.paths().batch(before.replaced_by.back()).record());
  }
  SECTION("none is there") {
    for (const int number : before.replaced_by)
      fs::remove_all(world.run.paths().batch(number).folder());
  }
  save_batch_record(world.run.paths().batch(1).record(), before);

  Run again = Run::load(world.run.paths().folder());
  CHECK(again.batches().size() == 1);
  CHECK_FALSE(again.imbalance());
  CHECK(world.keys_in_flight().size() == 10);
  again.batches()[0].bytes = before.bytes;
  replace(again, again.batches()[0], world.runtime());
  CHECK_FALSE(again.imbalance());
  CHECK(world.keys_in_flight().size() == 10);
}

TEST_CASE("lines that the provider names are left out, and the others go again", "[pipeline]") {
  Replacing world;
  world.refuse({{"invalid_value", "too long", 3}, {"invalid_value", "too long", 10}});
  replace(world.run, world.batch(), world.runtime());
  REQUIRE(world.run.batches().size() == 2);
  CHECK(world.batch().rows[RowState::failed] == 2);
  CHECK(world.run.batches()[1].requests == 8);
  CHECK_FALSE(world.run.imbalance());
  const std::string failed = text_of(world.run.paths(world.batch()).failed());
  CHECK(failed == "row-2\tinvalid_value\ttoo long\nrow-9\tinvalid_value\ttoo long\n");
  const auto keys = world.keys_in_flight();
  CHECK(keys.size() == 8);
  CHECK_FALSE(keys.contains("row-2"));
  CHECK(verify(world.run, std::nullopt, 10, world.sink, world.runtime()).problems.empty());
}
