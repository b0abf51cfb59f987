#include "zst/pack.hpp"

#include "base/digest.hpp"
#include "support/catch.hpp"
#include "support/disk_log.hpp"
#include "zst/packed.hpp"

#include <csignal>
#include <random>
#include <vector>

#include <sys/stat.h>

using namespace embedctl;
using namespace embedctl::zst;
using namespace embedctl::zst::test;
using embedctl::test::DiskLog;
using embedctl::test::ScratchFolder;

namespace {

// Half noise, half repeats from all over, the window and beyond.
std::string text_of_size(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  text.reserve(size + 1000);
  while (text.size() < size) {
    const std::size_t length = 1 + random() % 1000;
    if (random() % 2 == 0 && text.size() > length)
      text += text.substr(random() % (text.size() - length), length);
    else
      for (std::size_t i = 0; i < length; ++i)
        text += static_cast<char>(random());
  }
  text.resize(size);
  return text;
}

} // namespace

TEST_CASE("what is packed is unpacked byte by byte, whatever its size", "[zst]") {
  std::vector<std::size_t> sizes = {0, 1, 2, 255, 65'536, 131'071, 131'072, 131'073, 9'000'001};
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i)
    sizes.push_back(random() % 3'000'000);
  for (const std::size_t size : sizes) {
    INFO(size);
    const std::string text = text_of_size(size, static_cast<unsigned>(size));
    const Packed packed(text);
    CHECK(packed.content == Content{size, sha256_of_file(packed.plain)});
    CHECK((unpacked(packed.archive, size) == text));
    CHECK((unpacked(packed.archive, size, 1 + size / 1000) == text));
    CHECK_NOTHROW(check_packed(packed.archive, packed.content, packed.stop));
    CHECK((get(packed.plain) == text));
  }
}

TEST_CASE("an archive is private and nothing else is left beside it", "[zst]") {
  const Packed packed("a line\n");
  struct stat status {};
  REQUIRE(::stat(packed.archive.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK_FALSE(fs::exists(packed.archive.string() + ".tmp"));
}

TEST_CASE("an archive has its name when it is durable, and not before", "[zst]") {
  const ScratchFolder scratch;
  put(scratch / "file", "a line\n");
  const StopFlag stop;
  const DiskLog log;
  pack(scratch / "file", scratch / "file.zst", stop);
  const std::string folder = (scratch / "").parent_path().filename().string();
  const std::string sync = "sync file.zst.tmp";
  CHECK(
      log.calls()
      == std::vector<std::string>{sync, sync, "rename file.zst.tmp file.zst", "sync " + folder});
}

TEST_CASE("a file that cannot be packed leaves the archive of before", "[zst]") {
  const Packed packed("of before");
  CHECK_THROWS_AS(pack(packed.scratch / "none", packed.archive, packed.stop), Error);
  StopFlag stop;
  stop.request(SIGINT);
  CHECK_THROWS_AS(pack(packed.plain, packed.archive, stop), Error);
  CHECK(unpacked(packed.archive, 9) == "of before");
  CHECK_FALSE(fs::exists(packed.archive.string() + ".tmp"));
}

TEST_CASE("a disk that gives back something else makes packing fail", "[zst]") {
  const ScratchFolder scratch;
  const fs::path archive = scratch / "file.zst";
  put(scratch / "file", "a line\n");
  put(archive, "of before");
  const StopFlag stop;
  {
    DiskLog disk;
    disk.after = [&](const std::string& call) {
      if (call == "sync file.zst.tmp")
        fs::resize_file(archive.string() + ".tmp", 10);
    };
    CHECK_THROWS_AS(pack(scratch / "file", archive, stop), Error);
  }
  CHECK(get(archive) == "of before");
}

TEST_CASE("another content of the same length is told", "[zst]") {
  const Packed packed("one line\n");
  const Packed other("two lone\n");
  CHECK_THROWS_AS(check_packed(packed.archive, other.content, packed.stop), Error);
}
