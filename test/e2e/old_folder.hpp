#pragma once

#include "e2e/world.hpp"

#include <map>
#include <string>
#include <vector>

namespace embedctl::e2e {

// A run folder of an earlier format with all that belongs to it, as test/data/format1/make made it:
// restored beside a database with its rows and a provider that knows what it knew. What names the
// database it was made with names the test's own: `database` of run.json, `table_id` of
// indexes.json.
class OldFolder {
public:
  OldFolder(const std::string& state, const Arguments& sandbox_options);

  // All that there are.
  static std::vector<std::string> names();

  const World& world() const { return m_world; }

  // The run folders that have a run.json, oldest first.
  std::vector<std::string> runs() const;

  // How a command ends that selects all rows without a vector and finds no other fault: 3 where
  // there are blank ones, which are skipped.
  int code_of_skipped() const;

  // Every row has the vector of its text, but blank ones, and those that had one before.
  void check_rows() const;

  // Every text was billed once, also those that were edited since; `again` of them a second time.
  void check_bills(int again) const;

  // The index is what it was, and none is recorded as missing.
  void check_index() const;

private:
  void restore_rows(const fs::path& sql);
  void restore_runs(const fs::path& batches);

  Folder m_unpacked;
  World m_world;
  std::map<std::string, std::string> m_filled; // key, vector
  std::string m_index;                         // its definition and comment
};

void replace_in(const fs::path& path, const std::string& what, const std::string& with);

} // namespace embedctl::e2e
