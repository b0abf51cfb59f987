#include "torture/life.hpp"

#include "json/value.hpp"
#include "sandbox/vectors.hpp"
#include "support/paths.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <stdlib.h>

namespace embedctl::torture {

namespace {

constexpr int k_good_rows = 4;
constexpr int k_rows_per_life = 10; // apart from each other in number

// Lets a look at a batch take longer than its work, so that no command finds it unfinished and
// waits a whole second for the next look.
constexpr const char* k_slow_look =
    R"({"endpoint": "GET /v1/batches/{id}", "action": "wait", "seconds": 0.05, "count": 0})";

// Far above what a life takes, even on a machine that is busy with others.
constexpr std::chrono::seconds k_longest_command{120};

std::string key(int family, int row) {
  return e2e::chunk(family * k_rows_per_life + row);
}

std::string text(int family, int row) {
  return fmt::format("pump {} of plant {}: tighten the seal to {} Nm", row, family, row * 7);
}

std::string content_of_row(int family, int row) {
  if (row <= k_good_rows)
    return text(family, row);
  return row == k_good_rows + 1 ? "[[fail:500]] " + text(family, row) : "  ";
}

bool holds_secret(const std::string& text) {
  return text.find(e2e::k_key) != std::string::npos
         || text.find(e2e::k_password) != std::string::npos;
}

// The lines of an interposer's log into what they tell.
void read_log(const fs::path& log, Ending& ending) {
  for (const std::string& line : e2e::lines_of(log))
    if (line.starts_with("total "))
      ending.counted = std::stol(line.substr(6));
    else
      ending.struck = line;
}

} // namespace

std::vector<float> parse_vector(const std::string& stored) {
  std::vector<float> vector;
  if (stored.size() < 2)
    return vector;
  const char* at = stored.c_str() + 1;
  for (char* end = nullptr; *at != '\0'; at = end + 1)
    vector.push_back(std::strtof(at, &end));
  return vector;
}

std::string to_string(const Strike& strike) {
  return fmt::format("{} {}", strike.how, strike.at);
}

const std::map<std::string, int>& Bills::read() {
  std::ifstream file(m_ledger, std::ios::binary);
  file.seekg(m_read);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    m_read += static_cast<std::streamoff>(line.size()) + 1;
    ++m_billed[e2e::Json(line).text("custom_id")];
  }
  return m_billed;
}

Place::Place(e2e::Arguments sandbox_options)
    : m_world(std::move(sandbox_options)), m_bills(m_world.folder() / "sandbox" / "ledger.jsonl") {
  std::string name =
      fs::exists("/dev/shm") ? "/dev/shm/embedctl-torture-XXXXXX" : "/tmp/embedctl-torture-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no folder for the batches");
  m_batches = name;
  plan();
}

// What lives with faults left stays to be looked at.
Place::~Place() {
  std::error_code ignored;
  fs::remove(m_batches, ignored);
}

void Place::plan(const std::string& rules) const {
  m_world.sandbox().plan(rules.empty() ? k_slow_look : fmt::format("{},{}", k_slow_look, rules));
}

Life::Life(Place& place, const fs::path& batches_dir)
    : m_place(place),
      m_number(place.next_family()),
      m_family(e2e::family(m_number)),
      m_batches_dir(
          (batches_dir.empty() ? place.batches() : batches_dir)
          / fmt::format("life_{}", m_number)) {
  place.world().add_family(m_number);
  for (int row = 1; row <= k_good_rows + 2; ++row)
    place.world().add_chunk(
        m_number, m_number * k_rows_per_life + row, content_of_row(m_number, row));
}

e2e::Arguments Life::submit_options() const {
  return {
      "--batches-dir",
      m_batches_dir.string(),
      "--max-requests-per-batch",
      "3",
      "--parallel",
      "1",
      "--doubt-grace",
      "0",
      "--retry-timeout",
      "5"};
}

Ending Life::run(const std::optional<Strike>& strike) {
  e2e::Arguments arguments = {"run", "--family-id", m_family, "--poll-seconds", "1"};
  const e2e::Arguments options = submit_options();
  arguments.insert(arguments.end(), options.begin(), options.end());
  return command(arguments, strike);
}

Ending Life::command(const e2e::Arguments& arguments, const std::optional<Strike>& strike) {
  test::Command command = m_place.world().command(arguments);
  const fs::path log = m_place.world().folder() / fmt::format("life_{}.log", m_number);
  if (strike) {
    fs::remove(log);
    command.environment["LD_PRELOAD"] = test::interposer();
    command.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0";
    command.environment["EMBEDCTL_STRIKE_HOW"] = strike->how;
    command.environment["EMBEDCTL_STRIKE_AT"] = std::to_string(strike->at);
    command.environment["EMBEDCTL_STRIKE_FOLDER"] = strike->folder.string();
    command.environment["EMBEDCTL_STRIKE_LOG"] = log.string();
  }
  const auto outcome = test::Process(command).wait(k_longest_command);
  Ending ending{outcome.exit_code, outcome.out + outcome.err, "", 0};
  if (strike)
    read_log(log, ending);
  m_said += ending.said;
  return ending;
}

std::vector<fs::path> Life::runs() const {
  std::vector<fs::path> runs;
  if (fs::exists(m_batches_dir / m_family))
    for (const auto& entry : fs::directory_iterator(m_batches_dir / m_family))
      if (fs::exists(entry.path() / "run.json"))
        runs.push_back(entry.path());
  std::sort(runs.begin(), runs.end());
  return runs;
}

std::vector<std::string> Life::violations() {
  std::vector<std::string> wrong;
  check_rows(wrong);
  check_runs(wrong);
  check_secrets(wrong);
  if (wrong.empty())
    fs::remove_all(m_batches_dir);
  return wrong;
}

void Life::check_rows(std::vector<std::string>& wrong) {
  const auto& billed = m_place.bills().read();
  const auto times = [&](int row) {
    const auto found = billed.find(key(m_number, row));
    return found == billed.end() ? 0 : found->second;
  };
  std::map<std::string, std::string> stored;
  for (const auto& row : m_place.world().database().rows(fmt::format(
           "SELECT id, embedding::text FROM knowledge_chunks WHERE family_id = '{}'", m_family)))
    stored[row[0]] = row[1];
  for (int row = 1; row <= k_good_rows; ++row) {
    if (times(row) != 1)
      wrong.push_back(fmt::format("row {} was billed {} times", row, times(row)));
    const std::string& vector = stored[key(m_number, row)];
    if (vector.empty())
      wrong.push_back(fmt::format("row {} has no vector", row));
    else if (parse_vector(vector) != sandbox::embed(text(m_number, row), 1536))
      wrong.push_back(fmt::format("row {} has a wrong vector", row));
  }
  for (const int row : {k_good_rows + 1, k_good_rows + 2})
    if (times(row) != 0 || !stored[key(m_number, row)].empty())
      wrong.push_back(fmt::format("row {}, which cannot be embedded, was", row));
}

void Life::check_runs(std::vector<std::string>& wrong) {
  for (const fs::path& run : runs()) {
    if (!e2e::Json(e2e::content_of(run / "run.json")).at("finished").as_bool().value_or(false))
      wrong.push_back(run.filename().string() + " is not finished");
    const Ending verify = command({"verify", "--run-dir", run.string()});
    if (verify.exit_code != 0)
      wrong.push_back(fmt::format("verify exits {}: {}", verify.exit_code, verify.said));
  }
}

void Life::check_secrets(std::vector<std::string>& wrong) const {
  if (holds_secret(m_said))
    wrong.push_back("a secret was printed");
  for (const auto& [name, content] : e2e::files_below(m_batches_dir))
    if (holds_secret(content))
      wrong.push_back(name + " holds a secret");
}

} // namespace embedctl::torture
