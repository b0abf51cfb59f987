#include "store/input_file.hpp"

#include "base/digest.hpp"

#include "support/catch.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <random>
#include <sstream>

using namespace embedctl;
using namespace embedctl::store;
using embedctl::test::ScratchFolder;

TEST_CASE("an input file holds its lines in order, and its digest is the file's", "[store]") {
  const ScratchFolder scratch;
  const auto path = scratch / "input.jsonl";
  std::mt19937 random(1);
  std::string all;
  InputFile input(path);
  while (all.size() < std::size_t{5} << 20) { // several blocks
    const std::string line(random() % 100'000, static_cast<char>('a' + random() % 26));
    input.add(line + "\n");
    all += line + "\n";
  }
  CHECK_FALSE(std::filesystem::exists(path));
  const std::string digest = input.finish();
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  CHECK(content.str() == all);
  CHECK(digest == sha256_of_file(path));
}

TEST_CASE("an input file that is not finished leaves nothing", "[store]") {
  const ScratchFolder scratch;
  {
    InputFile input(scratch / "input.jsonl");
    input.add(std::string(std::size_t{3} << 20, 'x'));
  }
  CHECK(std::filesystem::is_empty(scratch / ""));
}
