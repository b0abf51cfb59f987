#include "store/archive.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "json/line_reader.hpp"

#include "support/catch.hpp"
#include "support/disk_log.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::DiskLog;
using embedctl::test::ScratchFolder;

namespace {

// An ingested batch with an input and an output, and no errors.
struct Ingested {
  ScratchFolder scratch;
  BatchPaths paths{scratch / ""};
  BatchRecord batch;
  StopFlag stop;

  Ingested() {
    batch.state = BatchState::ingested;
    write_file_atomically(paths.input(), "asked\n");
    write_file_atomically(paths.output(), "answered\n");
    save_batch_record(paths.record(), batch);
  }

  void archive() { store::archive(paths, batch, stop); }
  BatchRecord on_disk() const { return load_batch_record(paths.record()); }

  std::string first_line(const fs::path& plain) const {
    json::LineReader lines(open_either(plain, batch));
    return lines.next() ? std::string(lines.line()) : "";
  }
};

fs::path packed(const fs::path& plain) {
  return plain.string() + ".zst";
}

} // namespace

TEST_CASE("an archived batch is read as before", "[store]") {
  Ingested world;
  CHECK(world.first_line(world.paths.output()) == "answered");
  world.archive();
  CHECK(world.batch.state == BatchState::archived);
  CHECK(world.on_disk().state == BatchState::archived);
  CHECK_FALSE(fs::exists(world.paths.input()));
  CHECK_FALSE(fs::exists(world.paths.output()));
  CHECK_FALSE(fs::exists(packed(world.paths.errors())));
  world.batch = world.on_disk();
  REQUIRE(world.batch.archives.size() == 2);
  CHECK(world.batch.archives[0].file == "input.jsonl");
  CHECK(world.batch.archives[0].bytes == 6);
  CHECK(world.first_line(world.paths.input()) == "asked");
  CHECK(world.first_line(world.paths.output()) == "answered");
  CHECK(is_there(world.paths.output(), world.batch));
  CHECK_FALSE(is_there(world.paths.errors(), world.batch));
  CHECK_NOTHROW(check_archive(world.paths.output(), world.batch, world.stop));
}

TEST_CASE("the halves of a large file are whole lines, and all of them", "[store]") {
  Ingested world;
  std::string text;
  const auto lines_of_halves = [&] {
    std::string lines;
    auto halves = open_halves(world.paths.output(), world.batch);
    for (auto& half : halves)
      for (json::LineReader reader(std::move(half)); reader.next();)
        lines.append(reader.line()).append("\n");
    CHECK(lines == text);
    return halves.size();
  };
  text = "answered\n";
  CHECK(lines_of_halves() == 1);
  for (std::size_t i = 0; i < 40'000; ++i)
    text += std::to_string(i) + std::string(i % 60, '.') + "\n";
  write_file_atomically(world.paths.output(), text);
  CHECK(lines_of_halves() == 2);
  world.archive();
  CHECK(lines_of_halves() == 1);
  text = std::string(2 << 20, 'x') + "\n"; // the middle of one line
  write_file_atomically(world.paths.output(), text);
  CHECK(lines_of_halves() == 2);
}

TEST_CASE("a plain file goes when its archive is durable and on record", "[store]") {
  Ingested world;
  fs::remove(world.paths.input());
  const DiskLog log;
  world.archive();
  const auto calls = log.calls();
  const auto at = [&](const std::string& call) {
    return std::find(calls.begin(), calls.end(), call) - calls.begin();
  };
  const auto record = at("rename batch.json.tmp batch.json");
  CHECK(at("sync output.jsonl.zst.tmp") < at("rename output.jsonl.zst.tmp output.jsonl.zst"));
  CHECK(at("rename output.jsonl.zst.tmp output.jsonl.zst") < record);
  // The folder is made durable after the renames, the removal and the last replacement.
  CHECK(std::count(calls.begin(), calls.end(), calls.back()) == 4);
}

TEST_CASE("where both forms are there the plain one counts and is packed again", "[store]") {
  Ingested world;
  world.archive();
  world.batch.state = BatchState::ingested;
  write_file_atomically(world.paths.output(), "answered again\n");
  CHECK(world.first_line(world.paths.output()) == "answered again");
  world.archive();
  CHECK(world.first_line(world.paths.output()) == "answered again");
  CHECK(world.first_line(world.paths.input()) == "asked");
  CHECK(world.batch.archives.size() == 2);
  CHECK_FALSE(fs::exists(world.paths.output()));
}

TEST_CASE("a batch whose packing was cut short stays whole", "[store]") {
  Ingested world;
  SECTION("by the user") {
    world.stop.request(SIGINT);
  }
  SECTION("by the disk") {
    make_private_directory(packed(world.paths.output()).string() + ".tmp");
  }
  CHECK_THROWS_AS(world.archive(), Error);
  CHECK(world.on_disk().state == BatchState::ingested);
  CHECK(world.batch.state == BatchState::ingested);
  CHECK(world.first_line(world.paths.input()) == "asked");
  CHECK(world.first_line(world.paths.output()) == "answered");
}

TEST_CASE("no plain file goes before its archive is on record", "[store]") {
  Ingested world;
  make_private_directory(world.paths.record().string() + ".tmp");
  CHECK_THROWS_AS(world.archive(), Error);
  CHECK(fs::exists(world.paths.input()));
  CHECK(fs::exists(world.paths.output()));
  CHECK(world.first_line(world.paths.output()) == "answered");
}

TEST_CASE("an archive that is damaged or gone is refused with the way out", "[store]") {
  Ingested world;
  world.archive();
  const auto hint = [&](const fs::path& plain) {
    try {
      open_either(plain, world.batch);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::corrupt);
      return error.hint();
    }
    return std::string("taken");
  };
  SECTION("damaged") {
    write_file_atomically(packed(world.paths.output()), "no archive");
    write_file_atomically(packed(world.paths.input()), "no archive");
  }
  SECTION("gone") {
    fs::remove(packed(world.paths.output()));
    fs::remove(packed(world.paths.input()));
  }
  CHECK_THAT(hint(world.paths.output()), ContainsSubstring("--redownload"));
  CHECK_THAT(hint(world.paths.input()), ContainsSubstring("from a copy"));
  CHECK_THROWS_AS(check_archive(world.paths.output(), world.batch, world.stop), Error);
}

TEST_CASE("an archive of something else is refused", "[store]") {
  Ingested world;
  world.archive();
  world.batch.archives[1].sha256 = world.batch.archives[0].sha256;
  CHECK_THROWS_AS(check_archive(world.paths.output(), world.batch, world.stop), Error);
  ++world.batch.archives[1].bytes;
  CHECK_THROWS_AS(open_either(world.paths.output(), world.batch), Error);
}

TEST_CASE("an archive that batch.json does not know is none", "[store]") {
  Ingested world;
  world.archive();
  world.batch.archives.clear();
  CHECK_FALSE(is_there(world.paths.output(), world.batch));
}
