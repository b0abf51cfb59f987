#include "base/file.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"
#include "support/disk_log.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <functional>

#include <sys/stat.h>

using namespace embedctl;
using embedctl::test::DiskLog;
using embedctl::test::ScratchFolder;

namespace {

// A umask for as long as it lives.
class Umask {
public:
  explicit Umask(mode_t mask) : m_before(::umask(mask)) {}
  ~Umask() { ::umask(m_before); }

private:
  mode_t m_before;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

void put(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

ErrorKind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("nothing was thrown");
  return ErrorKind::internal;
}

} // namespace

TEST_CASE("a small file is read whole, and a larger one than agreed is refused", "[base]") {
  const ScratchFolder scratch;
  const std::string text(20'000, 'x');
  put(scratch / "file", text);
  CHECK(read_file(scratch / "file", text.size()) == text);
  CHECK(kind_of([&] { read_file(scratch / "file", text.size() - 1); }) == ErrorKind::corrupt);
  put(scratch / "empty", "");
  CHECK(read_file(scratch / "empty", 0).empty());
}

TEST_CASE("a file that is not there is told apart from one that cannot be read", "[base]") {
  const ScratchFolder scratch;
  CHECK_FALSE(read_file_if_any(scratch / "none", 10));
  CHECK(kind_of([&] { read_file(scratch / "none", 10); }) == ErrorKind::io);
  fs::create_directory(scratch / "folder");
  CHECK(kind_of([&] { read_file_if_any(scratch / "folder", 10); }) == ErrorKind::io);
  put(scratch / "file", "here");
  CHECK(read_file_if_any(scratch / "file", 10) == "here");
}

TEST_CASE("nothing is in a folder that is a file", "[base]") {
  const ScratchFolder scratch;
  put(scratch / "file", "here");
  CHECK_FALSE(read_file_if_any(scratch / "file" / "run.json", 10));
}

TEST_CASE("a disk that refuses is named with its reason", "[base]") {
  CHECK_THROWS_WITH(
      throw_io_error("write", "/some/path", ENOSPC),
      "cannot write \"/some/path\": No space left on device");
  try {
    throw_io_error("write", "/some/path", ENOSPC);
  } catch (const Error& error) {
    CHECK_THAT(error.hint(), ContainsSubstring("free some space"));
  }
}

TEST_CASE("folders and files are private whatever the umask", "[base]") {
  const ScratchFolder scratch;
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const fs::path root = scratch / std::to_string(mask);
    {
      const Umask umask(mask);
      make_private_directories(root / "a" / "b");
      write_file_atomically(root / "a" / "b" / "file", "text");
    }
    CHECK(mode_of(root) == 0700);
    CHECK(mode_of(root / "a" / "b") == 0700);
    CHECK(mode_of(root / "a" / "b" / "file") == 0600);
  }
}

TEST_CASE("making a folder tells whether it was there", "[base]") {
  const ScratchFolder scratch;
  CHECK(make_private_directory(scratch / "one"));
  CHECK_FALSE(make_private_directory(scratch / "one"));
  put(scratch / "file", "");
  CHECK(kind_of([&] { make_private_directories(scratch / "file" / "below"); }) == ErrorKind::io);
  CHECK(kind_of([&] { make_private_directory(scratch / "no" / "parent"); }) == ErrorKind::io);
}

TEST_CASE("an atomic file appears whole, and only when it is committed", "[base]") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "file";
  put(path, "before");
  // Larger than its buffer, so that a part of it has long been written.
  const std::string piece(100'000, 'p');
  {
    AtomicFile file(path);
    for (int i = 0; i < 5; ++i)
      file.write(piece);
    CHECK(file.size() == 500'000);
    CHECK(read_file(path, 100) == "before");
    file.commit();
    CHECK(embedctl::file_size(path) == 500'000);
  }
  CHECK(embedctl::file_size(path) == 500'000);
  CHECK_FALSE(fs::exists(path.string() + ".tmp"));
}

TEST_CASE("an atomic file that is given up leaves what was there before", "[base]") {
  const ScratchFolder scratch;
  const fs::path path = scratch / "file";
  put(path, "before");
  { AtomicFile(path).write("never seen"); }
  CHECK(read_file(path, 100) == "before");
  CHECK_FALSE(fs::exists(path.string() + ".tmp"));
}

TEST_CASE("a temporary file that a crash left is written over and made private", "[base]") {
  const ScratchFolder scratch;
  put(scratch / "file.tmp", "a longer text than the one that follows");
  fs::permissions(scratch / "file.tmp", fs::perms{0666});
  write_file_atomically(scratch / "file", "new");
  CHECK(read_file(scratch / "file", 100) == "new");
  CHECK(mode_of(scratch / "file") == 0600);
}

TEST_CASE("a temporary name that leads elsewhere is not followed", "[base]") {
  const ScratchFolder scratch;
  put(scratch / "precious", "precious");
  fs::create_symlink(scratch / "precious", scratch / "file.tmp");
  CHECK(kind_of([&] { write_file_atomically(scratch / "file", "new"); }) == ErrorKind::io);
  CHECK(read_file(scratch / "precious", 100) == "precious");
}

TEST_CASE("files are moved over others and removed whether they are there or not", "[base]") {
  const ScratchFolder scratch;
  put(scratch / "a", "a");
  put(scratch / "b", "b");
  rename_durably(scratch / "a", scratch / "b");
  CHECK(read_file(scratch / "b", 10) == "a");
  CHECK(kind_of([&] { rename_durably(scratch / "a", scratch / "b"); }) == ErrorKind::io);
  remove_durably(scratch / "b");
  CHECK_FALSE(fs::exists(scratch / "b"));
  CHECK_NOTHROW(remove_durably(scratch / "b"));
  CHECK(free_bytes(scratch / "") > 0);
}

TEST_CASE("a file is durable before it has its name, and its name before commit ends", "[base]") {
  const ScratchFolder scratch;
  make_private_directory(scratch / "folder");
  const DiskLog log;
  write_file_atomically(scratch / "folder" / "file", "text");
  CHECK(
      log.calls()
      == std::vector<std::string>{"sync file.tmp", "rename file.tmp file", "sync folder"});
}

TEST_CASE("a new name and a removal last once they are done", "[base]") {
  const ScratchFolder scratch;
  const DiskLog log;
  make_private_directories(scratch / "a" / "b");
  put(scratch / "a" / "b" / "file", "");
  remove_durably(scratch / "a" / "b" / "file");
  const std::string top = (scratch / "").parent_path().filename().string();
  CHECK(log.calls() == std::vector<std::string>{"sync " + top, "sync a", "sync b"});
}
