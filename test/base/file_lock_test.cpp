#include "base/file_lock.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

using namespace embedctl;
using embedctl::test::ScratchFolder;

namespace {

// Whether another process could have the lock.
bool is_free_for_others(const std::filesystem::path& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    int answer = 1;
    try {
      const FileLock lock(path, "it");
      answer = 0;
    } catch (const Error& error) {
      answer = error.kind() == ErrorKind::locked ? 1 : 2;
    }
    ::_exit(answer);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) < 2);
  return WEXITSTATUS(status) == 0;
}

} // namespace

TEST_CASE("one has the lock, and the next is told who that is", "[base]") {
  const ScratchFolder scratch;
  std::optional<FileLock> lock(std::in_place, scratch / ".lock", "run \"x\"");
  CHECK_FALSE(is_free_for_others(scratch / ".lock"));
  try {
    const FileLock second(scratch / ".lock", "run \"x\"");
    FAIL("the lock was given twice");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::locked);
    CHECK_THAT(
        error.what(), StartsWith("run \"x\" is in use by pid " + std::to_string(::getpid())));
    CHECK_THAT(error.what(), ContainsSubstring(" since 2"));
  }
  lock.reset();
  CHECK(is_free_for_others(scratch / ".lock"));
  CHECK(std::filesystem::exists(scratch / ".lock"));
}

TEST_CASE("a lock moves with its object", "[base]") {
  const ScratchFolder scratch;
  std::optional<FileLock> moved;
  {
    FileLock lock(scratch / ".lock", "it");
    moved.emplace(std::move(lock));
  }
  CHECK_FALSE(is_free_for_others(scratch / ".lock"));
}

TEST_CASE("what is left in a lock file says nothing about the lock", "[base]") {
  const ScratchFolder scratch;
  std::ofstream(scratch / ".lock") << "pid 1 on a host since long ago, and much more than that\n";
  const FileLock lock(scratch / ".lock", "it");
  std::ifstream file(scratch / ".lock");
  std::string line;
  REQUIRE(std::getline(file, line));
  CHECK_THAT(line, StartsWith("pid " + std::to_string(::getpid()) + " on "));
  CHECK_FALSE(std::getline(file, line));
}

TEST_CASE("a lock file that leads elsewhere is not followed", "[base]") {
  const ScratchFolder scratch;
  std::ofstream(scratch / "precious") << "precious";
  std::filesystem::create_symlink(scratch / "precious", scratch / ".lock");
  CHECK_THROWS_AS(FileLock(scratch / ".lock", "it"), Error);
}

TEST_CASE("a local folder is on no network file system", "[base]") {
  CHECK_FALSE(on_network_file_system("/proc"));
  CHECK_FALSE(on_network_file_system("/no/such/folder"));
}
