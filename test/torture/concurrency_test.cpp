#include "sandbox/vectors.hpp"
#include "support/catch.hpp"
#include "torture/crashing_server.hpp"
#include "torture/sweep.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <thread>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

constexpr int k_rows = 300;
constexpr int k_dims = 64;
constexpr int k_runs_at_once = 10;
constexpr int k_ingests_at_once = 2;
constexpr std::chrono::milliseconds k_breath{50}; // between two commands of one user

const std::string k_family = e2e::family(1);

// What a stranger writes into a row that embedctl was to fill.
const std::string k_stranger = fmt::format("array_fill(7, ARRAY[{}])::vector", k_dims);

// Batches take a moment, so that others come while they are with the provider.
const e2e::Arguments k_soon = {"--validating-seconds", "0", "--in-progress-seconds", "0.2",
                               "--finalizing-seconds", "0"};

// One family that everybody works on.
class Crowd {
public:
  explicit Crowd(Tally& tally) : m_tally(tally), m_place(k_soon) {
    m_server.exec(fmt::format(
        "CREATE EXTENSION vector;"
        "CREATE TABLE equipment_families (id uuid PRIMARY KEY, name text);"
        "CREATE TABLE knowledge_chunks (id uuid PRIMARY KEY,"
        " family_id uuid NOT NULL REFERENCES equipment_families, content text,"
        " embedding vector({}));"
        "INSERT INTO equipment_families VALUES ('{}')",
        k_dims, k_family));
    m_server.exec(insertion(k_rows));
  }

  // Each until told to stop, on a thread of its own.
  void run_again_and_again() {
    until_stopped([this](std::mt19937_64&) { expect("run", run(), {0, 3, 4, 5}); });
  }

  void ingest_again_and_again() {
    until_stopped([this](std::mt19937_64& random) {
      const auto runs = run_folders();
      if (!runs.empty())
        expect(
            "ingest", command({"ingest", "--run-dir", runs[random() % runs.size()]}), {0, 3, 4, 5});
    });
  }

  // It needs no lock and never sees a file half-written.
  void look_again_and_again() {
    until_stopped([this](std::mt19937_64& random) {
      const auto runs = run_folders();
      if (runs.empty())
        return;
      const auto outcome = command({"status", "--json", "--run-dir", runs[random() % runs.size()]});
      expect("status", outcome, {0});
      const e2e::Json told(outcome.out);
    });
  }

  // Edits, deletes and fills rows that have no vector yet, and inserts new ones.
  void meddle() {
    constexpr std::array k_verbs = {
        "UPDATE knowledge_chunks SET content = content || ' again'", "DELETE FROM knowledge_chunks",
        "fill"};
    until_stopped([&](std::mt19937_64& random) {
      const std::string verb = k_verbs.at(random() % k_verbs.size());
      m_server.exec(
          (verb == "fill" ? "UPDATE knowledge_chunks SET embedding = " + k_stranger : verb)
          + " WHERE embedding IS NULL AND id = (SELECT id FROM knowledge_chunks"
            " WHERE embedding IS NULL ORDER BY random() LIMIT 1)");
      m_server.exec(insertion(3));
      m_tally.count("meddlings");
    });
  }

  void stop() { m_stop = true; }

  // What one more run leaves, when nobody else is there.
  void conclude() {
    expect("the last run", run(), {0});
    std::set<std::pair<std::string, std::string>> billed;
    for (const auto& line : e2e::lines_of(m_place.world().folder() / "sandbox" / "ledger.jsonl")) {
      const e2e::Json entry(line);
      if (!billed.emplace(entry.text("custom_id"), entry.text("input_hash")).second)
        m_tally.add("bills", {"billed again: " + line});
    }
    m_tally.count("bills", static_cast<long>(billed.size()));
    for (const auto& row : m_server.rows(fmt::format(
             "SELECT id, content, embedding::real[] FROM knowledge_chunks"
             " WHERE embedding IS DISTINCT FROM {}",
             k_stranger)))
      if (parse_vector(row[2]) != sandbox::embed(row[1], k_dims))
        m_tally.add("vectors", {row[0] + " has not the vector of its text"});
    for (const std::string& run : run_folders())
      expect("verify", command({"verify", "--run-dir", run}), {0});
    m_tally.count("run folders", static_cast<long>(run_folders().size()));
  }

private:
  static std::string insertion(int count) {
    return fmt::format(
        "INSERT INTO knowledge_chunks SELECT id, '{}', 'valve ' || id FROM"
        " (SELECT gen_random_uuid() AS id FROM generate_series(1, {})) AS fresh",
        k_family, count);
  }

  void until_stopped(const std::function<void(std::mt19937_64&)>& act) {
    std::mt19937_64 random(seed() + ++m_users);
    while (!m_stop) {
      try {
        act(random);
      } catch (const std::exception& error) {
        m_tally.add("a user", {error.what()});
      }
      std::this_thread::sleep_for(k_breath);
    }
  }

  test::Outcome command(const e2e::Arguments& arguments) const {
    return test::Process(m_place.world().command(arguments, {{"DATABASE_URL", m_server.url()}}))
        .wait(std::chrono::seconds(240));
  }

  test::Outcome run() const {
    return command(
        {"run", "--family-id", k_family, "--dims", std::to_string(k_dims), "--poll-seconds", "1",
         "--max-requests-per-batch", "50", "--update-chunk-size", "20"});
  }

  void expect(const std::string& what, const test::Outcome& outcome, const std::set<int>& codes) {
    m_tally.count(fmt::format("{} with {}", what, outcome.exit_code));
    if (!codes.contains(outcome.exit_code))
      m_tally.add(
          what, {fmt::format("it exits {}: {}{}", outcome.exit_code, outcome.out, outcome.err)});
  }

  std::vector<std::string> run_folders() const {
    std::vector<std::string> folders;
    std::error_code none_yet;
    for (const auto& entry :
         fs::directory_iterator(m_place.world().folder() / "batches" / k_family, none_yet))
      if (fs::exists(entry.path() / "run.json"))
        folders.push_back(entry.path().string());
    std::sort(folders.begin(), folders.end());
    return folders;
  }

  Tally& m_tally;
  Place m_place;
  CrashingServer m_server;
  std::atomic<bool> m_stop{false};
  std::atomic<std::uint64_t> m_users{0};
};

} // namespace

TEST_CASE("many commands at once pay once and get every row right", "[torture][concurrency]") {
  constexpr std::chrono::minutes k_long_enough{5};
  Tally tally;
  Crowd crowd(tally);
  std::vector<std::thread> users;
  for (int i = 0; i < k_runs_at_once; ++i)
    users.emplace_back([&] { crowd.run_again_and_again(); });
  for (int i = 0; i < k_ingests_at_once; ++i)
    users.emplace_back([&] { crowd.ingest_again_and_again(); });
  users.emplace_back([&] { crowd.look_again_and_again(); });
  users.emplace_back([&] { crowd.meddle(); });
  std::this_thread::sleep_for(time_for_a_sweep().value_or(k_long_enough));
  crowd.stop();
  for (std::thread& user : users)
    user.join();
  crowd.conclude();
  tally.conclude("concurrency");
}

} // namespace embedctl::torture
