#pragma once

#include "e2e/json.hpp"
#include "e2e/sandbox.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::e2e {

namespace fs = std::filesystem;

using test::Outcome;
using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

// Words that must never turn up in any output or file.
inline constexpr std::string_view k_key = "canary-of-the-key";
inline constexpr std::string_view k_password = "canary-of-the-password";

// A sandbox whose batches end as soon as they are made, for commands that wait by themselves.
inline const Arguments k_at_once = {"--validating-seconds", "0", "--in-progress-seconds", "0",
                                    "--finalizing-seconds", "0"};

// Ids of the n-th family and of the n-th chunk.
std::string family(int n);
std::string chunk(int n);

// A folder to work in, kept when the test fails.
class Folder {
public:
  Folder();
  const fs::path& path() const { return m_path; }

private:
  fs::path m_path;
};

// All that a user has: a database with the two tables, a provider, and a folder to work in.
class World {
public:
  // Options of the sandbox. Its clock stands still unless others are given. It goes on with a copy
  // of `sandbox_data`, if given.
  explicit World(
      Arguments sandbox_options = {"--frozen-clock"},
      std::string_view column = "vector(1536)",
      const fs::path& sandbox_data = {});

  const fs::path& folder() const { return m_folder.path(); }
  const test::TestDatabase& database() const { return m_database; }
  const Sandbox& sandbox() const { return m_sandbox; }

  void add_family(int n) const;

  // Chunks `from` to `from + count - 1`, each with a text of its own.
  void add_chunks(int family_number, int from, int count) const;
  void add_chunk(int family_number, int n, std::string_view text) const;
  std::uint64_t count(const std::string& condition) const;

  // How many vectors there are in the column that are not the vector of their row's text.
  std::size_t wrong_vectors(int dims = 1536) const;

  // Runs the binary to its end. `changes` to its environment; an empty value unsets the variable.
  // A secret in what it prints is a failure.
  Outcome run(const Arguments& arguments, const Variables& changes = {}) const;
  std::unique_ptr<test::Process>
  start(const Arguments& arguments, const Variables& changes = {}) const;

  // submit --family-id of this family; the run folder. Fails the test if it does not exit 0.
  std::string submit(int family_number, const Arguments& more = {}) const;

  // Lets the provider finish all it has.
  void let_pass(double seconds = 10) const { m_sandbox.advance(seconds); }

  // A command as the tests run it, for those that start it themselves.
  test::Command command(const Arguments& arguments, const Variables& changes = {}) const;

private:
  Folder m_folder;
  test::TestDatabase m_database;
  Sandbox m_sandbox;
};

// Fails the test if it has not happened in half a minute.
void wait_until(const std::function<bool()>& happened);

// The content of a file; "" if it is not there.
std::string content_of(const fs::path& path);
void write_file(const fs::path& path, std::string_view content);
std::vector<std::string> lines_of(const fs::path& path);

// Every file below, with its content, so that two looks can be compared; not the locks, which tell
// who was there last.
std::map<std::string, std::string> files_below(const fs::path& folder);

// The one run folder that the family has; fails the test if there are more or none.
std::string only_run(const World& world, int family_number);

fs::path batch_folder(const std::string& run_dir, int number = 1);

} // namespace embedctl::e2e
