#include "e2e/old_folder.hpp"

#include "sandbox/hash.hpp"
#include "sandbox/vectors.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

constexpr int k_dims = 8;
constexpr const char* k_suffix = ".tar.gz";

const fs::path& data_folder() {
  static const fs::path folder = fs::path(test::source_dir()) / "test" / "data" / "format1";
  return folder;
}

fs::path unpacked(const Folder& folder, const std::string& state) {
  const std::string command = fmt::format(
      "tar -xzf '{}' -C '{}' --no-same-owner", (data_folder() / (state + k_suffix)).string(),
      folder.path().string());
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("cannot unpack the state " + state);
  return folder.path() / state;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \n") == std::string::npos;
}

// As Postgres prints it.
std::vector<float> parse_vector(const std::string& stored) {
  std::vector<float> vector;
  if (stored.empty())
    return vector;
  const char* at = stored.c_str() + 1;
  for (char* end = nullptr; *at != '\0'; at = end + 1)
    vector.push_back(std::strtof(at, &end));
  return vector;
}

// With all names in full, as indexes.json has them.
std::string index_in(const test::TestDatabase& database) {
  database.exec("SET search_path = ''");
  std::string index =
      database.value("SELECT pg_get_indexdef(oid) || coalesce(obj_description(oid), '')"
                     " FROM pg_class WHERE relname = 'nearest'");
  database.exec("RESET search_path");
  return index;
}

} // namespace

void replace_in(const fs::path& path, const std::string& what, const std::string& with) {
  std::string text = content_of(path);
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  write_file(path, text.replace(at, what.size(), with));
}

OldFolder::OldFolder(const std::string& state, const Arguments& sandbox_options)
    : m_world(
        sandbox_options, fmt::format("vector({})", k_dims),
        unpacked(m_unpacked, state) / "sandbox") {
  restore_rows(m_unpacked.path() / state / "rows.sql");
  restore_runs(m_unpacked.path() / state / "batches");
}

std::vector<std::string> OldFolder::names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(data_folder()))
    if (const std::string name = entry.path().filename().string(); name.ends_with(k_suffix))
      names.push_back(name.substr(0, name.size() - std::string(k_suffix).size()));
  return names;
}

void OldFolder::restore_rows(const fs::path& sql) {
  m_world.database().exec(content_of(sql));
  for (const auto& row : m_world.database().rows(
           "SELECT id, embedding::text FROM knowledge_chunks WHERE embedding IS NOT NULL"))
    m_filled[row[0]] = row[1];
  m_index = index_in(m_world.database());
}

void OldFolder::restore_runs(const fs::path& batches) {
  fs::copy(batches, m_world.folder() / "batches", fs::copy_options::recursive);
  const auto& database = m_world.database();
  for (const std::string& run : runs()) {
    const fs::path record = fs::path(run) / "run.json";
    const Json json(content_of(record));
    replace_in(
        record, fmt::format(R"("name": "{}")", json.text("database.name")),
        fmt::format(R"("name": "{}")", database.value("SELECT current_database()")));
    replace_in(
        record, json.text("database.system_identifier"),
        database.value("SELECT system_identifier FROM pg_control_system()"));
    const fs::path missing = fs::path(run) / "indexes.json";
    if (!fs::exists(missing))
      continue;
    const Json indexes(content_of(missing));
    replace_in(
        missing, fmt::format(R"("table_id": {})", indexes.number("indexes.0.table_id")),
        fmt::format(
            R"("table_id": {})", database.value("SELECT 'knowledge_chunks'::regclass::oid")));
    m_index = indexes.text("indexes.0.definition") + indexes.text("indexes.0.comment");
  }
}

std::vector<std::string> OldFolder::runs() const {
  std::vector<std::string> runs;
  for (const auto& entry : fs::directory_iterator(m_world.folder() / "batches" / family(1)))
    if (fs::exists(entry.path() / "run.json"))
      runs.push_back(entry.path().string());
  std::sort(runs.begin(), runs.end());
  return runs;
}

int OldFolder::code_of_skipped() const {
  return m_world.count(R"(content !~ '\S')") > 0 ? 3 : 0;
}

void OldFolder::check_rows() const {
  for (const auto& row :
       m_world.database().rows("SELECT id, content, embedding::text FROM knowledge_chunks")) {
    INFO(row[0] << " " << row[1]);
    const auto filled = m_filled.find(row[0]);
    if (filled != m_filled.end())
      CHECK(row[2] == filled->second);
    else if (is_blank(row[1]))
      CHECK(row[2].empty());
    else
      CHECK(parse_vector(row[2]) == sandbox::embed(row[1], k_dims));
  }
}

void OldFolder::check_bills(int again) const {
  std::map<std::string, int> bills; // by row and text
  int repeated = 0;
  for (const std::string& line : lines_of(m_world.folder() / "sandbox" / "ledger.jsonl")) {
    const Json bill(line);
    repeated += bills[bill.text("custom_id") + " " + bill.text("input_hash")]++ > 0 ? 1 : 0;
  }
  CHECK(repeated == again);
  for (const auto& row : m_world.database().rows("SELECT id, content FROM knowledge_chunks")) {
    INFO(row[0] << " " << row[1]);
    const bool was_due = !is_blank(row[1]) && m_filled.count(row[0]) == 0;
    const auto bill = bills.find(row[0] + " " + sandbox::hex(sandbox::hash(row[1])));
    CHECK((bill != bills.end() || !was_due));
  }
}

void OldFolder::check_index() const {
  CHECK(index_in(m_world.database()) == m_index);
  for (const std::string& run : runs())
    CHECK_FALSE(fs::exists(fs::path(run) / "indexes.json"));
}

} // namespace embedctl::e2e
