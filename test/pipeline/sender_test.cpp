#include "pipeline/sender.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

// A run with one batch that is written and not sent.
struct Sending : World {
  Run run;

  Sending() : World(3), run(prepared()) {}

  Run prepared() {
    auto wish = options();
    wish.dry_run = true;
    return *pipeline::submit(wish, ports()).run;
  }

  BatchRecord& batch() { return run.batches().at(0); }
  BatchRecord on_disk() { return load_batch_record(run.paths().batch(1).record()); }
  void send() { Sender(run, provider, runtime()).send(batch()); }

  // What the next process finds.
  void read_again() { run.batches().at(0) = on_disk(); }

  // What the provider made of our batch is no use to it any more.
  void refuse(const std::string& code) {
    provider.refuse(batch().batch_id, code);
    batch().remote = provider.batch(batch().batch_id);
    batch().state = BatchState::ended;
    run.save(batch());
  }
};

} // namespace

TEST_CASE("a batch is sent with its intent on disk before each call", "[pipeline]") {
  Sending world;
  std::vector<BatchState> seen;
  const auto look = [&] { seen.push_back(world.on_disk().state); };
  world.provider.before_upload = world.provider.before_create = look;
  world.send();
  CHECK(seen == std::vector{BatchState::uploading, BatchState::creating});
  const BatchRecord record = world.on_disk();
  CHECK(record.state == BatchState::submitted);
  REQUIRE(world.provider.batches.size() == 1);
  const RemoteBatch& remote = world.provider.batches[0];
  CHECK(record.batch_id == remote.id);
  CHECK(record.input_file_id == world.provider.files.at(0).id);
  CHECK(remote.input_file_id == record.input_file_id);
  CHECK(
      world.provider.contents[record.input_file_id] == text_of(world.run.paths().batch(1).input()));
  CHECK(remote.metadata.at("embedctl_run") == world.run.record().run_id);
  CHECK(remote.metadata.at("embedctl_batch") == "1");
  CHECK(remote.metadata.at("embedctl_sha256") == record.sha256);
  CHECK(remote.metadata.at("embedctl_attempt") == "1");
  world.send();
  CHECK(world.provider.creates == 1);
}

TEST_CASE("a process killed anywhere while sending never makes a second batch", "[pipeline]") {
  for (int point = 0; point < 4; ++point) {
    INFO(point);
    Sending world;
    const auto kill = [] { throw Killed{}; };
    auto& provider = world.provider;
    std::function<void()>* hooks[] = {
        &provider.before_upload, &provider.after_upload, &provider.before_create,
        &provider.after_create};
    *hooks[point] = kill;
    CHECK_THROWS_AS(world.send(), Killed);
    *hooks[point] = nullptr;
    world.read_again();
    world.send();
    CHECK(provider.batches.size() == 1);
    CHECK(world.on_disk().state == BatchState::submitted);
    CHECK(world.on_disk().batch_id == provider.batches[0].id);
    CHECK(provider.files.size() == 1);
  }
}

TEST_CASE("a create whose answer was lost is adopted and not repeated", "[pipeline]") {
  Sending world;
  world.provider.after_create = [] { throw FakeProvider::lost("create"); };
  world.send();
  CHECK(world.provider.creates == 1);
  CHECK(world.on_disk().state == BatchState::submitted);
  CHECK(world.on_disk().batch_id == world.provider.batches.at(0).id);
}

TEST_CASE("a batch that shows late in the list is waited for", "[pipeline]") {
  Sending world;
  world.provider.after_create = [&] {
    world.provider.hidden.insert(world.provider.batches.back().id);
    throw FakeProvider::lost("create");
  };
  world.provider.before_look = [&] {
    if (world.provider.looks == 4)
      world.provider.hidden.clear();
  };
  world.send();
  CHECK(world.provider.creates == 1);
  CHECK(world.on_disk().batch_id == world.provider.batches.at(0).id);
}

TEST_CASE("a create that had no effect is made once more, after the grace period", "[pipeline]") {
  Sending world;
  world.provider.before_create = [&] {
    if (world.provider.creates == 1)
      throw FakeProvider::lost("create");
  };
  const auto from = world.clock.steady();
  world.send();
  CHECK(world.clock.steady() - from >= k_usual_grace);
  CHECK(world.provider.creates == 2);
  CHECK(world.provider.batches.size() == 1);
  CHECK(world.provider.batches[0].metadata.at("embedctl_attempt") == "2");
}

TEST_CASE("what another run made of the same rows is not adopted", "[pipeline]") {
  Sending world;
  world.provider.before_create = [&] {
    if (world.provider.creates > 1)
      return;
    world.provider.add_batch({"file-7", "/v1/embeddings", identity_of("another", world.batch())});
    throw FakeProvider::lost("create");
  };
  world.send();
  CHECK(world.provider.creates == 2);
  CHECK(world.on_disk().batch_id == world.provider.batches.at(1).id);
  CHECK(world.provider.cancelled.empty());
}

TEST_CASE("a create without any answer is given up after some tries", "[pipeline]") {
  Sending world;
  world.provider.before_create = [] { throw FakeProvider::lost("create"); };
  CHECK(kind_of([&] { world.send(); }) == ErrorKind::unreachable);
  CHECK(world.provider.creates == 3);
  CHECK(world.on_disk().state == BatchState::uploaded);
}

TEST_CASE("a doubt that cannot be cleared up stays on disk", "[pipeline]") {
  Sending world;
  world.provider.after_create = [] { throw FakeProvider::lost("create"); };
  world.provider.before_look = [] { throw Error(ErrorKind::unreachable, "no network"); };
  CHECK(kind_of([&] { world.send(); }) == ErrorKind::unreachable);
  CHECK(world.on_disk().state == BatchState::creating);
  world.provider.before_look = nullptr;
  world.read_again();
  world.send();
  CHECK(world.provider.creates == 1);
  CHECK(world.on_disk().state == BatchState::submitted);
}

TEST_CASE("a definite refusal of a create is no doubt", "[pipeline]") {
  Sending world;
  world.provider.before_create = [] { throw Error(ErrorKind::provider, "no quota"); };
  CHECK(kind_of([&] { world.send(); }) == ErrorKind::provider);
  CHECK(world.provider.looks == 0);
  CHECK(world.on_disk().state == BatchState::uploaded);
  world.provider.before_create = nullptr;
  world.send();
  CHECK(world.provider.files.size() == 1);
  CHECK(world.provider.batches.size() == 1);
}

TEST_CASE("a batch that was made and could not be recorded is not made again", "[pipeline]") {
  Sending world;
  const fs::path obstacle = world.run.paths().batch(1).record().string() + ".tmp";
  world.provider.after_create = [&] { fs::create_directory(obstacle); };
  CHECK(kind_of([&] { world.send(); }) == ErrorKind::io);
  CHECK(world.on_disk().state == BatchState::creating);
  fs::remove(obstacle);
  world.provider.after_create = nullptr;
  world.send();
  CHECK(world.provider.creates == 1);
}

TEST_CASE(
    "of two batches that were made the oldest that gives results is kept and the other cancelled",
    "[pipeline]") {
  for (const bool oldest_failed : {false, true}) {
    Sending world;
    world.provider.after_create = [&] {
      RemoteBatch first = world.provider.batches.back();
      world.provider.add_batch({first.input_file_id, "/v1/embeddings", first.metadata});
      if (oldest_failed)
        world.provider.batches.front().status = RemoteStatus::failed;
      throw FakeProvider::lost("create");
    };
    world.send();
    REQUIRE(world.provider.batches.size() == 2);
    const std::size_t kept = oldest_failed ? 1 : 0;
    CHECK(world.on_disk().batch_id == world.provider.batches[kept].id);
    const std::string other = world.provider.batches[1 - kept].id;
    CHECK(world.on_disk().duplicates == std::vector{other});
    CHECK(world.provider.cancelled.size() == (oldest_failed ? 0 : 1));
    REQUIRE_FALSE(world.progress.notes.empty());
    CHECK_THAT(world.progress.notes.back(), ContainsSubstring("exists twice"));
  }
}

TEST_CASE("an upload whose answer was lost is adopted by name and size", "[pipeline]") {
  Sending world;
  world.provider.after_upload = [&] {
    RemoteFile cut = world.provider.files.back();
    cut.id = "cut";
    cut.bytes /= 2;
    world.provider.files.push_back(cut);
    throw FakeProvider::lost("upload");
  };
  world.send();
  REQUIRE(world.provider.files.size() == 1);
  CHECK(world.on_disk().input_file_id == world.provider.files[0].id);
  CHECK(world.provider.files[0].bytes == world.on_disk().bytes);
  CHECK(world.on_disk().upload_attempt == 1);
}

TEST_CASE("an upload that had no effect is made again under another name", "[pipeline]") {
  Sending world;
  int uploads = 0;
  world.provider.before_upload = [&] {
    if (++uploads == 1)
      throw FakeProvider::lost("upload");
  };
  world.send();
  CHECK(uploads == 2);
  CHECK_THAT(world.provider.files.at(0).name, ContainsSubstring("_001_2.jsonl"));
}

TEST_CASE(
    "a refused batch is sent again with the same file, and the old one not adopted", "[pipeline]") {
  Sending world;
  world.send();
  world.refuse("token_limit_exceeded");
  world.provider.after_create = [] { throw FakeProvider::lost("create"); };
  world.send();
  CHECK(world.provider.creates == 2);
  CHECK(world.provider.files.size() == 1);
  CHECK(world.on_disk().batch_id == world.provider.batches.at(1).id);
  REQUIRE(world.on_disk().refusals.size() == 1);
  CHECK(world.on_disk().refusals[0].code == "token_limit_exceeded");
}

TEST_CASE("what can be done about a refusal depends on its code", "[pipeline]") {
  Sending world;
  world.send();
  world.refuse("invalid_json_line");
  CHECK(remedy_for(world.batch()) == Remedy::none);
  world.batch().remote->errors.clear();
  CHECK(remedy_for(world.batch()) == Remedy::none);
  CHECK_FALSE(refusal_of(world.batch()).code.empty());
  world.batch().remote->errors = {{"token_limit_exceeded", "", std::nullopt}};
  CHECK(remedy_for(world.batch()) == Remedy::wait);
  world.batch().remote->errors = {
      {"invalid_request", "Cannot find file file-1, or organization org-1 ...", std::nullopt}};
  for (int round = 1; round <= 8; ++round) {
    CHECK(remedy_for(world.batch()) == (round % 4 == 0 ? Remedy::upload_again : Remedy::wait));
    world.batch().refusals.push_back({0, "b", "invalid_request", "Cannot find file file-1"});
  }
}

TEST_CASE("a file that stays unfound is uploaded again", "[pipeline]") {
  Sending world;
  world.send();
  for (int i = 0; i < 4; ++i) {
    world.refuse("file_not_found");
    world.send();
  }
  CHECK(world.provider.files.size() == 2);
  CHECK(world.on_disk().input_file_id == world.provider.files[1].id);
  CHECK(world.on_disk().refusals.size() == 4);
}
