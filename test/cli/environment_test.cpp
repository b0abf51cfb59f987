#include "cli/environment.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <fstream>

using namespace embedctl;
using cli::Environment;

namespace {

// A folder for .env and key files, and a process environment without any of ours; both are put
// back afterwards.
class Scene {
public:
  Scene() {
    std::string pattern = (fs::temp_directory_path() / "embedctl_env_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    m_folder = pattern;
    for (const char* name : k_names) {
      const char* const value = std::getenv(name);
      m_before.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      ::unsetenv(name);
    }
  }
  ~Scene() {
    fs::remove_all(m_folder);
    for (const auto& [name, value] : m_before)
      if (value)
        ::setenv(name.c_str(), value->c_str(), 1);
      else
        ::unsetenv(name.c_str());
  }

  std::string file(const std::string& name, const std::string& content) const {
    const fs::path path = m_folder / name;
    std::ofstream(path) << content;
    return path.string();
  }

  Environment environment(const std::string& dotenv) const {
    Environment environment;
    environment.load(file(".env", dotenv));
    return environment;
  }

  fs::path folder() const { return m_folder; }

private:
  static constexpr const char* k_names[] = {
      "DATABASE_URL",    "OPENAI_API_KEY", "OPENAI_API_KEY_FILE",
      "OPENAI_BASE_URL", "OPENAI_ORG_ID",  "OPENAI_PROJECT_ID",
      "PGHOST",          "PGHOSTADDR",     "PGSERVICE",
      "PGDATABASE",      "PGPORT",         "PGUSER",
      "PGPASSWORD",      "EMBEDCTL_LIMIT", "SCENE_ONLY"};

  fs::path m_folder;
  std::vector<std::pair<std::string, std::optional<std::string>>> m_before;
};

template <typename Call>
Error usage_error(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error;
  }
  FAIL("no error was thrown");
  return Error(ErrorKind::internal, "");
}

} // namespace

TEST_CASE("the process environment beats .env, and .env beats nothing", "[cli]") {
  const Scene scene;
  const Environment environment = scene.environment("OPENAI_ORG_ID=file\nOPENAI_PROJECT_ID=p\n");
  CHECK(environment.organization() == "file");
  ::setenv("OPENAI_ORG_ID", "process", 1);
  CHECK(environment.organization() == "process");
  ::setenv("OPENAI_ORG_ID", "", 1);
  CHECK(environment.organization() == "file"); // empty counts as not set
  CHECK(environment.project() == "p");
  CHECK(environment.get("SCENE_ONLY") == std::nullopt);
}

TEST_CASE("a missing .env is fine, an unreadable or huge one is wrong usage", "[cli]") {
  const Scene scene;
  Environment environment;
  CHECK_NOTHROW(environment.load(scene.folder() / ".env"));
  CHECK_THAT(
      usage_error([&] { environment.load(scene.folder()); }).what(),
      ContainsSubstring(scene.folder().string()));
  const std::string huge = scene.file("huge", std::string(300 * 1024, '\n'));
  CHECK_THAT(usage_error([&] { environment.load(huge); }).what(), ContainsSubstring("larger than"));
}

TEST_CASE("PG* and EMBEDCTL_* of .env reach libpq and the option parser", "[cli]") {
  const Scene scene;
  ::setenv("PGHOST", "from-process", 1);
  ::setenv("PGPORT", "", 1);
  scene.environment("PGHOST=from-file\nPGPORT=5433\nEMBEDCTL_LIMIT=7\nSCENE_ONLY=1\n");
  CHECK(std::string(std::getenv("PGHOST")) == "from-process");
  CHECK(std::string(std::getenv("PGPORT")) == "5433");
  CHECK(std::string(std::getenv("EMBEDCTL_LIMIT")) == "7");
  CHECK(std::getenv("SCENE_ONLY") == nullptr);
}

TEST_CASE("the database is DATABASE_URL, or left to libpq, or an error", "[cli]") {
  const Scene scene;
  const Error error = usage_error([&] { scene.environment("").database_url(); });
  CHECK(std::string(error.what()) == "DATABASE_URL is not set");
  CHECK_THAT(error.hint(), ContainsSubstring("DATABASE_URL=postgresql://"));

  CHECK(
      scene.environment("DATABASE_URL=postgresql://h/db\n").database_url().reveal()
      == "postgresql://h/db");
  ::setenv("PGSERVICE", "work", 1);
  CHECK(scene.environment("").database_url().empty());
  CHECK_FALSE(scene.environment("DATABASE_URL=postgresql://h/db\n").database_url().empty());
}

TEST_CASE("the API key comes trimmed from the environment or from a file", "[cli]") {
  const Scene scene;
  CHECK(scene.environment("OPENAI_API_KEY=' abc '\n").api_key().reveal() == "abc");
  const std::string key_file = scene.file("key", "\n from-file\r\n");
  const Environment by_file = scene.environment("OPENAI_API_KEY_FILE=" + key_file + "\n");
  CHECK(by_file.api_key().reveal() == "from-file");
  ::setenv("OPENAI_API_KEY", "from-process", 1);
  CHECK(by_file.api_key().reveal() == "from-process");
}

TEST_CASE("an API key that cannot be one is refused without being shown", "[cli]") {
  const Scene scene;
  const auto refusal = [&](const std::string& dotenv) {
    const Error error = usage_error([&] { scene.environment(dotenv).api_key(); });
    CHECK_FALSE(error.hint().empty());
    CHECK_THAT(error.what() + error.hint(), !ContainsSubstring("canary"));
    return std::string(error.what());
  };
  CHECK(refusal("") == "OPENAI_API_KEY is not set");
  CHECK(refusal("OPENAI_API_KEY=\n") == "OPENAI_API_KEY is not set");
  CHECK(refusal("OPENAI_API_KEY=' '\n") == "OPENAI_API_KEY is empty");
  for (const char* bad : {"\"canary\\ncanary\"", "'canary canary'", "canary\xc2\xa0", "canary\xff"})
    CHECK_THAT(
        refusal(std::string("OPENAI_API_KEY=") + bad + "\n"),
        StartsWith("OPENAI_API_KEY contains white space"));

  const std::string two_lines = scene.file("two", "canary\ncanary\n");
  CHECK_THAT(refusal("OPENAI_API_KEY_FILE=" + two_lines), ContainsSubstring("contains white space"));
  CHECK_THAT(
      refusal("OPENAI_API_KEY_FILE=" + scene.file("empty", "\n")), ContainsSubstring("is empty"));
  CHECK_THAT(refusal("OPENAI_API_KEY_FILE=/nowhere/key"), ContainsSubstring("does not exist"));
  CHECK_THAT(
      refusal("OPENAI_API_KEY=canary\nOPENAI_API_KEY_FILE=" + two_lines),
      ContainsSubstring("both"));
}

TEST_CASE("the base URL has a default", "[cli]") {
  const Scene scene;
  CHECK(scene.environment("").base_url() == "https://api.openai.com/v1");
  CHECK(
      scene.environment("OPENAI_BASE_URL=http://127.0.0.1:1/v1").base_url()
      == "http://127.0.0.1:1/v1");
}
