#include "pipeline/advance.hpp"
#include "pipeline/verify.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <fstream>

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// A run of one batch of three rows that has ended well.
struct Ended : World {
  Run run;
  ApplyOptions options;

  Ended() : World(3), run(submit()) { end_all(run); }

  void ingest() { World::ingest(run, options); }
  BatchRecord& batch() { return run.batches().at(0); }
  BatchPaths paths() { return run.paths().batch(1); }
  fs::path archive() { return paths().output().string() + ".zst"; }
  void damage() { std::ofstream(archive(), std::ios::app) << "garbage"; }
  std::vector<std::string> problems() {
    return verify(run, std::nullopt, 1000, sink, runtime()).problems;
  }
};

} // namespace

TEST_CASE(
    "--keep-plain leaves the files, and the next ingest without it packs them", "[pipeline]") {
  Ended world;
  world.options.keep_plain = true;
  world.ingest();
  CHECK(world.batch().state == BatchState::ingested);
  CHECK(fs::exists(world.paths().output()));
  CHECK(world.run.record().finished);
  world.options.keep_plain = false;
  world.ingest();
  CHECK(world.batch().state == BatchState::archived);
  CHECK_FALSE(fs::exists(world.paths().output()));
  CHECK(world.problems().empty());
}

TEST_CASE("a disk that has no room for archives fails nothing", "[pipeline]") {
  Ended world;
  make_private_directory(world.archive().string() + ".tmp");
  world.ingest();
  CHECK(world.batch().state == BatchState::ingested);
  CHECK(world.run.record().finished);
  REQUIRE_FALSE(world.progress.notes.empty());
  CHECK_THAT(world.progress.notes.back(), ContainsSubstring("not be packed"));
  CHECK(world.problems().empty());
  fs::remove(world.archive().string() + ".tmp");
  world.ingest();
  CHECK(world.batch().state == BatchState::archived);
  CHECK(world.problems().empty());
}

TEST_CASE("an archived batch is ingested again from its archive", "[pipeline]") {
  Ended world;
  world.ingest();
  world.sink.vectors.clear();
  world.options.overwrite = true;
  world.executor = world.make_executor();
  world.has_key = false;
  world.ingest();
  CHECK(world.sink.vectors.size() == 3);
  CHECK(world.batch().state == BatchState::archived);
  CHECK(world.run.record().finished);
  CHECK(world.problems().empty());
}

TEST_CASE("a damaged archive is refused, stays as it is, and is fetched again", "[pipeline]") {
  Ended world;
  world.ingest();
  world.damage();
  REQUIRE(world.problems().size() == 1);
  CHECK_THAT(world.problems()[0], ContainsSubstring("--redownload"));

  world.options.overwrite = true;
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::corrupt);
  CHECK(load_batch_record(world.paths().record()).state == BatchState::archived);
  CHECK(world.run.record().finished);

  world.options.overwrite = false;
  world.options.redownload = true;
  world.ingest();
  CHECK(world.batch().state == BatchState::archived);
  CHECK(world.problems().empty());
}

TEST_CASE("a stop while packing leaves an ingested batch to be packed", "[pipeline]") {
  Ended world;
  world.sink.before_write = [&] { world.stop.request(SIGINT); };
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::interrupted);
  CHECK(load_batch_record(world.paths().record()).state == BatchState::ingested);
  CHECK_FALSE(world.run.record().finished);
  CHECK(fs::exists(world.paths().output()));
}

TEST_CASE("a sound archive of something else is not written from", "[pipeline]") {
  Ended world;
  world.ingest();
  world.sink.vectors.clear();
  // As an ingest that was to do it again and was killed leaves it.
  world.batch().state = BatchState::downloaded;
  for (Archive& archive : world.batch().archives)
    archive.sha256.front() = archive.sha256.front() == '0' ? '1' : '0';
  world.run.save(world.batch());
  CHECK(kind_of([&] { world.ingest(); }) == ErrorKind::corrupt);
  CHECK(world.sink.vectors.empty());
}
