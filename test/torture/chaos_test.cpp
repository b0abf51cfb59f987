#include "pg/lossy_proxy.hpp"
#include "sandbox/vectors.hpp"
#include "support/catch.hpp"
#include "torture/crashing_server.hpp"
#include "torture/sweep.hpp"

#include <cstdlib>
#include <random>
#include <thread>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

constexpr int k_rows = 2000;
constexpr int k_dims = 64; // narrow, so that commits are many and not long

// Commands of one user whose database fails again and again.
class Shaken {
public:
  Shaken() {
    m_server.exec(fmt::format(
        "CREATE EXTENSION vector;"
        "CREATE TABLE equipment_families (id uuid PRIMARY KEY, name text);"
        "CREATE TABLE knowledge_chunks (id uuid PRIMARY KEY,"
        " family_id uuid NOT NULL REFERENCES equipment_families, content text,"
        " embedding vector({}))",
        k_dims));
  }

  const CrashingServer& server() const { return m_server; }

  // A family with rows of its own.
  std::string add_family() {
    const std::string id = e2e::family(++m_families);
    m_server.exec(fmt::format("INSERT INTO equipment_families VALUES ('{}')", id));
    m_server.exec(fmt::format(
        "INSERT INTO knowledge_chunks SELECT gen_random_uuid(), '{}', 'valve ' || n || ' of {}'"
        " FROM generate_series(1, {}) n",
        id, m_families, k_rows));
    return id;
  }

  Ending run(const std::string& family, const std::string& url) const {
    const auto command = m_place.world().command(
        {"run", "--family-id", family, "--dims", std::to_string(k_dims), "--poll-seconds", "1",
         "--max-requests-per-batch", "1000", "--update-chunk-size", "10", "--retry-timeout", "30"},
        {{"DATABASE_URL", url}});
    const auto outcome = test::Process(command).wait(std::chrono::seconds(240));
    return {outcome.exit_code, outcome.out + outcome.err, "", 0};
  }

  std::vector<std::string> violations(const std::string& family) {
    const auto& billed = m_place.bills().read();
    int wrong_bills = 0;
    int wrong_vectors = 0;
    const auto rows = m_server.rows(fmt::format(
        "SELECT id, content, embedding::real[] FROM knowledge_chunks WHERE family_id = '{}'",
        family));
    for (const auto& row : rows) {
      const auto found = billed.find(row[0]);
      wrong_bills += found == billed.end() || found->second != 1 ? 1 : 0;
      wrong_vectors += parse_vector(row[2]) != sandbox::embed(row[1], k_dims) ? 1 : 0;
    }
    std::vector<std::string> wrong;
    if (wrong_bills + wrong_vectors > 0)
      wrong.push_back(fmt::format(
          "of {} rows, {} are not billed once and {} have not their vector", rows.size(),
          wrong_bills, wrong_vectors));
    for (const auto& run : fs::directory_iterator(m_place.world().folder() / "batches" / family)) {
      if (!fs::exists(run.path() / "run.json"))
        continue;
      const auto verify = test::Process(m_place.world().command(
                                            {"verify", "--run-dir", run.path().string()},
                                            {{"DATABASE_URL", m_server.url()}}))
                              .wait();
      if (verify.exit_code != 0)
        wrong.push_back(verify.out + verify.err);
    }
    return wrong;
  }

  // Runs until all is done; other ends must say that the database is out of reach. How often.
  int run_to_end(const std::string& family, const std::string& url, Tally& tally) const {
    constexpr int k_most_runs = 30;
    for (int runs = 1; runs <= k_most_runs; ++runs) {
      const Ending ending = run(family, url);
      if (ending.exit_code == 0)
        return runs;
      if (ending.exit_code != 6)
        tally.add("run", {fmt::format("it exits {}: {}", ending.exit_code, ending.said)});
      // As a person or cron would; a database that is away at the very start ends it at once.
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    tally.add("run", {"it never ends well"});
    return k_most_runs;
  }

private:
  Place m_place;
  CrashingServer m_server;
  int m_families = 0;
};

// Crashes the server or ends its sessions at random moments, until it is told to stop.
class Chaos {
public:
  Chaos(const CrashingServer& server, std::uint64_t seed, Tally& tally)
      : m_server(server), m_tally(tally), m_thread([this, seed] { rage(seed); }) {}
  ~Chaos() { stop(); }

  void stop() {
    m_stop = true;
    if (m_thread.joinable())
      m_thread.join();
  }

private:
  void rage(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    while (!m_stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 150));
      try {
        if (random() % 8 == 0) {
          m_server.crash();
          m_tally.count("crashes");
        } else {
          m_tally.count("sessions ended", m_server.terminate_all());
        }
      } catch (const std::exception& error) {
        m_tally.add("chaos", {error.what()});
      }
    }
  }

  const CrashingServer& m_server;
  Tally& m_tally;
  std::atomic<bool> m_stop{false};
  std::thread m_thread;
};

} // namespace

TEST_CASE("a database that crashes and ends sessions gets every vector", "[torture][chaos]") {
  constexpr std::chrono::seconds k_shaken{6};
  Tally tally;
  Shaken shaken;
  const auto start = std::chrono::steady_clock::now();
  const auto limit = time_for_a_sweep().value_or(std::chrono::minutes(10));
  for (std::uint64_t round = 0;; ++round) {
    const std::string family = shaken.add_family();
    Chaos chaos(shaken.server(), seed() + round, tally);
    // For so long the database is shaken; what is left then is done in peace.
    std::thread peace([&] {
      std::this_thread::sleep_for(k_shaken);
      chaos.stop();
    });
    tally.count("runs", shaken.run_to_end(family, shaken.server().url(), tally));
    peace.join();
    tally.count("rows", k_rows);
    tally.add("after the chaos", shaken.violations(family));
    if (std::chrono::steady_clock::now() - start > limit)
      break;
  }
  tally.conclude("database chaos");
}

TEST_CASE("a COMMIT whose answer is lost is looked into, not believed", "[torture][chaos]") {
  constexpr int k_losses = 10;
  Tally tally;
  Shaken shaken;
  const std::string family = shaken.add_family();
  pg::LossyProxy proxy(shaken.server().url(), k_losses);
  tally.count("runs", shaken.run_to_end(family, proxy.url(), tally));
  tally.count("lost answers", proxy.swallowed());
  tally.add("after the losses", shaken.violations(family));
  tally.conclude("lost commits");
  CHECK(proxy.swallowed() == k_losses);
}

} // namespace embedctl::torture
