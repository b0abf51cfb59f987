#pragma once

#include "e2e/world.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::torture {

namespace fs = std::filesystem;

// What the interposed library is told: see interpose/strike.hpp.
struct Strike {
  std::string how;
  long at = 0;
  fs::path folder = {}; // for the power_* ways
};
std::string to_string(const Strike& strike);

// How a command ended, and what was struck in it: "57 fsync /path", "" if nothing was.
struct Ending {
  int exit_code = 0;
  std::string said;   // on stdout and stderr
  std::string struck; // the operation
  long counted = 0;   // operations that could have been struck; 0 where the process was killed

  bool was_killed() const { return exit_code == 128 + 9; }
};

// What the provider billed: how often each row, by its key.
class Bills {
public:
  explicit Bills(fs::path ledger) : m_ledger(std::move(ledger)) {}

  // With what was billed since the last look.
  const std::map<std::string, int>& read();

private:
  fs::path m_ledger;
  std::streamoff m_read = 0;
  std::map<std::string, int> m_billed;
};

// A database and a provider in which one life after the other is led. For one thread.
class Place {
public:
  explicit Place(e2e::Arguments sandbox_options = e2e::k_at_once);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const e2e::World& world() const { return m_world; }
  Bills& bills() { return m_bills; }
  int next_family() { return ++m_families; }

  // Plans these faults of the provider, as Sandbox::plan does.
  void plan(const std::string& rules = {}) const;

  // In memory where the system has such a place: only power cuts ask what reached a disk.
  const fs::path& batches() const { return m_batches; }

private:
  e2e::World m_world;
  Bills m_bills;
  fs::path m_batches;
  int m_families = 1; // the world comes with one
};

// A family of its own with four rows that get a vector, one that the provider fails and a blank
// one, taken from empty to done in two batches, by commands that may be struck. Nothing in it is
// shared with other lives but the provider and the database.
class Life {
public:
  // With its run folders in a folder of its own: below `batches_dir`, or below the place's own.
  explicit Life(Place& place, const fs::path& batches_dir = {});

  // `embedctl run --family-id …`.
  Ending run(const std::optional<Strike>& strike = std::nullopt);

  // Any command.
  Ending
  command(const e2e::Arguments& arguments, const std::optional<Strike>& strike = std::nullopt);

  // What `submit` and `run` are told besides the family.
  e2e::Arguments submit_options() const;

  const std::string& family() const { return m_family; }
  const fs::path& batches_dir() const { return m_batches_dir; }

  // The family's run folders that have a run.json, oldest first.
  std::vector<fs::path> runs() const;

  // What is wrong after the end: a row that was billed twice or never, a vector that is missing or
  // not its row's, a run that is not finished or whose books do not hold, a secret that reached
  // a file or an output. The files of a life without fault are removed.
  std::vector<std::string> violations();

private:
  void check_rows(std::vector<std::string>& wrong);
  void check_runs(std::vector<std::string>& wrong);
  void check_secrets(std::vector<std::string>& wrong) const;

  Place& m_place;
  int m_number;
  std::string m_family;
  fs::path m_batches_dir;
  std::string m_said; // by all commands
};

// A vector as Postgres prints it, in brackets or braces.
std::vector<float> parse_vector(const std::string& stored);

// The exit code of a run that did all: some rows failed, and some were skipped.
inline constexpr int k_done = 3;

} // namespace embedctl::torture
