#define CATCH_CONFIG_EXTERNAL_INTERFACES // for the listener, with Catch2 2
#include "e2e/world.hpp"

#include "sandbox/vectors.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <stdlib.h>

namespace embedctl::e2e {

namespace {

#if __has_include(<catch2/catch_all.hpp>)
using Listener = Catch::EventListenerBase;
#else
using Listener = Catch::TestEventListenerBase;
#endif

std::vector<fs::path>& folders_of_this_test() {
  static std::vector<fs::path> folders;
  return folders;
}

// Removes the folders of a test that passed, and tells where those of a failed one are.
class FolderKeeper : public Listener {
public:
  using Listener::Listener;

  void testCaseEnded(const Catch::TestCaseStats& test) override {
    for (const fs::path& folder : folders_of_this_test()) {
      std::error_code ignored;
      if (test.totals.assertions.allOk())
        fs::remove_all(folder, ignored);
      else
        std::cerr << "the files of this test are in " << folder << "\n";
    }
    folders_of_this_test().clear();
  }
};
CATCH_REGISTER_LISTENER(FolderKeeper)

const fs::path& with_sandbox_data(const fs::path& folder, const fs::path& data) {
  if (!data.empty())
    fs::copy(data, folder / "sandbox", fs::copy_options::recursive);
  return folder;
}

void check_holds_no_secret(std::string_view text) {
  CHECK(text.find(k_key) == std::string_view::npos);
  CHECK(text.find(k_password) == std::string_view::npos);
}

} // namespace

std::string family(int n) {
  return fmt::format("20000000-0000-4000-8000-{:012d}", n);
}

std::string chunk(int n) {
  return fmt::format("10000000-0000-4000-8000-{:012d}", n);
}

Folder::Folder() {
  std::string name = "/tmp/embedctl-e2e-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no folder for the test");
  m_path = name;
  folders_of_this_test().push_back(m_path);
}

World::World(
    Arguments sandbox_options, std::string_view column, const fs::path& sandbox_data)
    : m_sandbox(with_sandbox_data(m_folder.path(), sandbox_data), std::move(sandbox_options)) {
  m_database.exec(fmt::format(
      "CREATE TABLE equipment_families (id uuid PRIMARY KEY, name text);"
      "CREATE TABLE knowledge_chunks (id uuid PRIMARY KEY,"
      " family_id uuid NOT NULL REFERENCES equipment_families, content text, embedding {})",
      column));
  add_family(1);
}

void World::add_family(int n) const {
  m_database.exec(fmt::format("INSERT INTO equipment_families VALUES ('{}')", family(n)));
}

void World::add_chunks(int family_number, int from, int count) const {
  m_database.exec(fmt::format(
      "INSERT INTO knowledge_chunks SELECT ('10000000-0000-4000-8000-' || lpad(n::text, 12, '0'))"
      "::uuid, '{}', 'pump ' || n || ': tighten the seal to ' || n * 7 % 50 || ' Nm'"
      " FROM generate_series({}, {}) n",
      family(family_number), from, from + count - 1));
}

void World::add_chunk(int family_number, int n, std::string_view text) const {
  m_database.exec(fmt::format(
      "INSERT INTO knowledge_chunks VALUES ('{}', '{}', $text${}$text$)", chunk(n),
      family(family_number), text));
}

std::uint64_t World::count(const std::string& condition) const {
  return std::stoull(m_database.value("SELECT count(*) FROM knowledge_chunks WHERE " + condition));
}

std::size_t World::wrong_vectors(int dims) const {
  std::size_t wrong = 0;
  for (const auto& row : m_database.rows(
           "SELECT content, embedding::text FROM knowledge_chunks WHERE embedding IS NOT NULL")) {
    std::vector<float> stored;
    const char* at = row[1].c_str() + 1;
    for (char* end = nullptr; *at != '\0'; at = end + 1)
      stored.push_back(std::strtof(at, &end));
    wrong += stored != sandbox::embed(row[0], dims) ? 1 : 0;
  }
  return wrong;
}

test::Command World::command(const Arguments& arguments, const Variables& changes) const {
  test::Command command;
  command.argv = {test::binary()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.folder = folder();
  command.environment = {
      {"PATH", "/usr/bin:/bin"},
      {"HOME", folder().string()},
      {"TZ", "UTC"},
      {"DATABASE_URL", fmt::format("{} password='{}'", m_database.url(), k_password)},
      {"OPENAI_API_KEY", std::string(k_key)},
      {"OPENAI_BASE_URL", m_sandbox.url()}};
  for (const auto& [name, value] : changes)
    if (value.empty())
      command.environment.erase(name);
    else
      command.environment[name] = value;
  return command;
}

Outcome World::run(const Arguments& arguments, const Variables& changes) const {
  const Outcome outcome = test::Process(command(arguments, changes)).wait();
  check_holds_no_secret(outcome.out);
  check_holds_no_secret(outcome.err);
  return outcome;
}

std::unique_ptr<test::Process>
World::start(const Arguments& arguments, const Variables& changes) const {
  return std::make_unique<test::Process>(command(arguments, changes));
}

std::string World::submit(int family_number, const Arguments& more) const {
  Arguments arguments = {"submit", "--family-id", family(family_number), "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = run(arguments);
  INFO(outcome.out << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return (folder() / Json(outcome.out).text("run_dir")).string();
}

void wait_until(const std::function<bool()>& happened) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!happened()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  if (!file.flush())
    throw std::runtime_error("cannot write " + path.string());
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::istringstream content(content_of(path));
  for (std::string line; std::getline(content, line);)
    lines.push_back(line);
  return lines;
}

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> files;
  if (fs::exists(folder))
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().filename() != ".lock")
        files[entry.path().lexically_relative(folder).string()] = content_of(entry.path());
  return files;
}

std::string only_run(const World& world, int family_number) {
  std::vector<std::string> runs;
  for (const auto& entry :
       fs::directory_iterator(world.folder() / "batches" / family(family_number)))
    if (entry.is_directory())
      runs.push_back(entry.path().string());
  REQUIRE(runs.size() == 1);
  return runs.front();
}

fs::path batch_folder(const std::string& run_dir, int number) {
  return fs::path(run_dir) / "batches" / fmt::format("batch_{:03}", number);
}

} // namespace embedctl::e2e
