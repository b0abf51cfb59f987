#include "support/catch.hpp"
#include "support/paths.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

// Who may include whom. Arrows point down only; pg and openai are reached through the interfaces of
// core and constructed in cli.

namespace {

namespace fs = std::filesystem;

using Names = std::set<std::string>;

const fs::path k_root = embedctl::test::source_dir();

// Folder -> folders of lib/ whose headers it may include, besides its own.
const std::map<std::string, Names> k_may_include = {
    {"base", {}},
    {"core", {"base"}},
    {"entities", {"base", "core"}},
    {"json", {"base", "core"}},
    {"requests", {"base", "core", "json"}},
    {"zst", {"base"}},
    {"http", {"base", "core"}},
    {"openai", {"base", "core", "json", "http"}},
    {"pg", {"base", "core"}},
    {"store", {"base", "core", "json", "zst"}},
    {"pipeline", {"base", "core", "json", "requests", "zst", "store"}},
    {"sandbox", {"base", "core", "json"}},
};

// Third-party headers that stay in one folder.
const std::map<std::string, Names> k_home_of = {
    {"libpq-fe.h", {"pg"}}, {"curl/", {"http"}},        {"simdjson.h", {"json"}},
    {"zstd.h", {"zst"}},    {"httplib.h", {"sandbox"}}, {"openssl/", {"base"}},
    {"CLI/", {"cli"}},
};

struct Include {
  std::string file; // the one that includes
  std::string header;
  bool ours = false;
};

std::vector<Include> includes_of(const fs::path& folder) {
  static const std::regex k_include(R"re(^\s*#\s*include\s*(["<])([^">]+)[">])re");
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp")
      continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (std::regex_search(line, match, k_include))
        found.push_back({entry.path().string(), match[2], match[1] == "\""});
    }
  }
  return found;
}

std::string folder_of(const std::string& header) {
  return header.substr(0, header.find('/'));
}

} // namespace

TEST_CASE("every folder of lib is on the floor plan", "[architecture]") {
  for (const auto& entry : fs::directory_iterator(k_root / "lib")) {
    INFO(entry.path());
    CHECK(k_may_include.count(entry.path().filename().string()) == 1);
  }
}

TEST_CASE("includes point down only", "[architecture]") {
  std::size_t seen = 0;
  for (const auto& [folder, allowed] : k_may_include) {
    if (!fs::exists(k_root / "lib" / folder))
      continue;
    for (const Include& include : includes_of(k_root / "lib" / folder)) {
      if (!include.ours)
        continue;
      ++seen;
      const std::string target = folder_of(include.header);
      INFO(include.file << " includes " << include.header);
      CHECK((target == folder || allowed.count(target) == 1));
    }
  }
  CHECK(seen > 100);
}

TEST_CASE("third-party headers stay where they belong", "[architecture]") {
  std::vector<fs::path> folders = {k_root / "cli"};
  for (const auto& entry : fs::directory_iterator(k_root / "lib"))
    folders.push_back(entry.path());
  std::size_t seen = 0;
  for (const fs::path& folder : folders)
    for (const Include& include : includes_of(folder))
      for (const auto& [header, homes] : k_home_of)
        if (!include.ours && include.header.rfind(header, 0) == 0) {
          ++seen;
          INFO(include.file << " includes " << include.header);
          CHECK(homes.count(folder.filename().string()) == 1);
        }
  CHECK(seen > 5);
}

TEST_CASE("only cli reads the environment", "[architecture]") {
  static const std::regex k_getenv(R"(\b(secure_)?getenv\s*\()");
  for (const auto& entry : fs::recursive_directory_iterator(k_root / "lib")) {
    if (!entry.is_regular_file())
      continue;
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    INFO(entry.path());
    CHECK_FALSE(std::regex_search(text, k_getenv));
  }
}
