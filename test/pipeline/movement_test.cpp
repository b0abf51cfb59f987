#include "pipeline/movement.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <thread>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

Clock::Steady at(int seconds) {
  return Clock::Steady(std::chrono::seconds(seconds));
}

// Does what a test says, batch by batch.
class ScriptedExecutor : public Executor {
public:
  void check_access(const Request&) override {}
  ProviderIdentity identity() override { return {}; }
  Outcome advance(Run&, BatchRecord& batch) override {
    ++calls;
    return script(batch.number);
  }
  bool confirms_refusal(Run&, BatchRecord&) override { return true; }
  void fetch(Run&, BatchRecord&, Fetch) override {}
  bool has_whole_answers(const Run&, const BatchRecord&) override { return true; }
  void cancel(Run&, BatchRecord&) override {}
  bool is_in_use() const override { return false; }
  void delete_file(const std::string&) override {}

  std::function<Outcome(int number)> script;
  std::atomic<int> calls = 0;
};

struct Moving : World {
  Run run = Run::create(scratch / "batches", some_run_record());
  ScriptedExecutor scripted;

  explicit Moving(int batches, BatchState state) {
    for (int number = 1; number <= batches; ++number) {
      BatchRecord batch;
      batch.number = number;
      batch.state = state;
      run.batches().push_back(batch);
    }
  }

  Tally move(std::function<Outcome(int number)> script) {
    scripted.script = std::move(script);
    Movement movement(run, scripted, 1, stop);
    for (BatchRecord& batch : run.batches())
      movement.add(batch);
    return movement.finish();
  }
};

} // namespace

TEST_CASE("after a failed send nothing more is sent, whatever fails afterwards", "[pipeline]") {
  Moving world(3, BatchState::written);
  world.run.batches()[1].state = BatchState::submitted;
  std::atomic<bool> failed = false;
  world.scripted.script = [&](int number) -> Outcome {
    while (number == 1 ? world.scripted.calls < 2 : !failed)
      std::this_thread::yield();
    failed = true;
    throw Error(ErrorKind::provider, number == 1 ? "refused" : "lost");
  };
  Movement movement(world.run, world.scripted, 2, world.stop);
  movement.add(world.run.batches()[0]);
  movement.add(world.run.batches()[1]);
  while (!failed)
    std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50)); // for both failures to be noted
  movement.add(world.run.batches()[2]);
  movement.finish();
  CHECK(world.scripted.calls == 2);
}

TEST_CASE("several batches wait until the first of them can go on", "[pipeline]") {
  Tally tally;
  CHECK(std::holds_alternative<Done>(tally.outcome()));
  tally.add(Done{});
  CHECK(std::holds_alternative<Done>(tally.outcome()));
  tally.add(WaitUntil{at(9)});
  tally.add(WaitUntil{at(5)});
  tally.add(WaitUntil{at(7)});
  tally.add(Done{});
  REQUIRE(std::holds_alternative<WaitUntil>(tally.outcome()));
  CHECK(std::get<WaitUntil>(tally.outcome()).time == at(5));
}

TEST_CASE("of several failures the one that asks most of a person counts", "[pipeline]") {
  Tally tally;
  tally.add(WaitUntil{at(5)});
  tally.add(Error(ErrorKind::unreachable, "away"));
  CHECK(tally.has_general_failure());
  CHECK(kind_of([&] { tally.outcome(); }) == ErrorKind::unreachable);
  tally.add(Blocked{Error(ErrorKind::provider, "lost")});
  CHECK_FALSE(tally.has_general_failure());
  tally.add(Error(ErrorKind::unreachable, "away"));
  tally.add(Error(ErrorKind::provider, "lost too"));
  REQUIRE(std::holds_alternative<Blocked>(tally.outcome()));
  CHECK(std::get<Blocked>(tally.outcome()).why.what() == std::string("lost"));
  tally.add(Error(ErrorKind::interrupted, "stop"));
  CHECK(kind_of([&] { tally.outcome(); }) == ErrorKind::interrupted);
}

TEST_CASE("a disk that fails, misconfiguration and mistakes of ours concern all", "[pipeline]") {
  for (const ErrorKind kind : {ErrorKind::io, ErrorKind::usage, ErrorKind::internal}) {
    Tally tally;
    tally.add(Error(kind, "x"));
    CHECK(tally.has_general_failure());
  }
}

TEST_CASE("a batch whose answers cannot be had holds up no other", "[pipeline]") {
  Moving world(3, BatchState::submitted);
  const Tally tally = world.move([](int number) -> Outcome {
    if (number == 1)
      throw Error(ErrorKind::provider, "gone");
    return Done{};
  });
  CHECK(world.scripted.calls == 3);
  CHECK(std::holds_alternative<Blocked>(tally.outcome()));
}

TEST_CASE("where one batch cannot be sent, no other is begun", "[pipeline]") {
  for (const ErrorKind kind : {ErrorKind::provider, ErrorKind::unreachable}) {
    Moving world(3, BatchState::written);
    const Tally tally =
        world.move([&](int) -> Outcome { throw Error(kind, "no"); });
    CHECK(world.scripted.calls == 1);
  }
}

TEST_CASE("a provider that is away is not asked for the other batches", "[pipeline]") {
  Moving world(3, BatchState::submitted);
  world.move([&](int) -> Outcome { throw Error(ErrorKind::unreachable, "away"); });
  CHECK(world.scripted.calls == 1);
}

TEST_CASE("no batch is begun after a stop", "[pipeline]") {
  Moving world(3, BatchState::submitted);
  world.stop.request(2);
  const Tally tally = world.move([](int) -> Outcome { return Done{}; });
  CHECK(world.scripted.calls == 0);
  CHECK(kind_of([&] { tally.outcome(); }) == ErrorKind::interrupted);
}

TEST_CASE("while the provider is away, what is here already is written", "[pipeline]") {
  World world(6);
  Run run = world.submit(2);
  world.end_all(run);
  for (const int number : {1, 2})
    poll(run, number, world.provider, world.runtime());
  world.executor->fetch(run, run.batches()[0], Fetch::as_recorded);
  // Now one batch is here, one has ended, and one is to be asked for.
  world.provider.before_retrieve = [] { throw FakeProvider::lost("retrieve"); };
  const int downloads = world.provider.downloads;
  CHECK(kind_of([&] { advance(run, {}, world.ports()); }) == ErrorKind::unreachable);
  CHECK(world.sink.vectors.size() == 2);
  CHECK(world.provider.downloads == downloads);
  world.provider.before_retrieve = nullptr;
  CHECK(std::holds_alternative<Done>(advance(run, {}, world.ports())));
  CHECK(world.sink.vectors.size() == 6);
}
