#include "store/batch_writer.hpp"

#include "base/bytes.hpp"
#include "store/ledger.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::ScratchFolder;

TEST_CASE("a batch folder is planned until all its files are durable", "[store]") {
  const ScratchFolder scratch;
  const BatchPaths paths(scratch / "batch_001");
  BatchWriter writer(paths, 1);
  writer.add("a", Fingerprint{std::byte{1}}, "a", "line a\n");
  writer.add("b", Fingerprint{std::byte{2}}, "b", "line b\n");
  writer.skip("c", "empty_text");
  CHECK(writer.requests() == 2);
  CHECK(writer.bytes() == 14);
  CHECK(load_batch_record(paths.record()).state == BatchState::planned);
  CHECK_FALSE(fs::exists(paths.input()));
  CHECK_FALSE(fs::exists(paths.rows()));

  const BatchRecord record = writer.finish();
  CHECK(record.state == BatchState::written);
  CHECK(record.requests == 2);
  CHECK(record.skipped == 1);
  CHECK(record.bytes == 14);
  CHECK(record.rows[RowState::pending] == 2);
  CHECK(record.rows[RowState::skipped] == 1);
  CHECK(read_file(paths.input(), 100) == "line a\nline b\n");
  CHECK(read_file(paths.skipped(), 100) == "c\tempty_text\n");
  Sha256 digest;
  digest.add("line a\nline b\n");
  CHECK(record.sha256 == to_hex(digest.finish()));
  CHECK(load_batch_record(paths.record()).sha256 == record.sha256);
  const Ledger ledger = Ledger::load(paths.rows());
  CHECK(ledger.key(1) == "b");
  CHECK(ledger.fingerprint(1)[0] == std::byte{2});
}

TEST_CASE("a batch of skipped rows alone has nothing to send and is done", "[store]") {
  const ScratchFolder scratch;
  BatchWriter writer(BatchPaths(scratch / "batch_001"), 1);
  writer.skip("c", "empty_text");
  const BatchRecord record = writer.finish();
  CHECK(record.state == BatchState::ingested);
  CHECK(record.rows.total() == 1);
}

TEST_CASE("a batch that is given up stays planned", "[store]") {
  const ScratchFolder scratch;
  const BatchPaths paths(scratch / "batch_001");
  {
    BatchWriter writer(paths, 1);
    writer.add("a", {}, "a", std::string(1 << 20, 'x'));
    writer.skip("b", "empty_text");
  }
  CHECK(load_batch_record(paths.record()).state == BatchState::planned);
  CHECK_FALSE(fs::exists(paths.input()));
  CHECK_FALSE(fs::exists(paths.input().string() + ".tmp"));
  CHECK_FALSE(fs::exists(paths.skipped()));
}
