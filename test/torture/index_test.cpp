#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

// As cheap to build as an index can be: a place gets one, and all its lives are led with it.
constexpr const char* k_index =
    "CREATE INDEX IF NOT EXISTS nearest ON knowledge_chunks USING hnsw"
    " (embedding vector_cosine_ops) WITH (m = 2, ef_construction = 4) WHERE embedding IS NOT NULL;"
    "COMMENT ON INDEX nearest IS 'of all families'";

constexpr const char* k_look =
    "SELECT pg_get_indexdef(indexrelid), indisvalid, obj_description(indexrelid) FROM pg_index"
    " WHERE indexrelid = to_regclass('nearest')";

using Rows = std::vector<std::vector<std::string>>;

// A life whose run is submitted and ended, and whose table has an index.
class IndexedLife {
public:
  explicit IndexedLife(Place& place) : m_place(place), m_life(place) {
    place.world().database().exec(k_index);
    m_index = look();
    e2e::Arguments submit = {"submit", "--family-id", m_life.family()};
    const e2e::Arguments options = m_life.submit_options();
    submit.insert(submit.end(), options.begin(), options.end());
    m_life.command(submit);
    m_run = m_life.runs().back();
  }

  Life& life() { return m_life; }

  Ending ingest(const e2e::Arguments& more, const std::optional<Strike>& strike = std::nullopt) {
    e2e::Arguments arguments = {"ingest", "--run-dir", m_run.string(), "--update-chunk-size", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return m_life.command(arguments, strike);
  }

  // At any moment: an index that is not there is one that status tells of.
  void check_not_forgotten(const std::string& story, Tally& tally) {
    if (look() == m_index)
      return;
    tally.count("times without it");
    const Ending status = m_life.command({"status", "--run-dir", m_run.string(), "--exit-code"});
    if (status.exit_code != 4
        || status.said.find("IS MISSING: public.nearest") == std::string::npos)
      tally.add(story, {"the index is gone, and status says: " + status.said});
  }

  void check_back(const std::string& story, Tally& tally) {
    if (look() != m_index)
      tally.add(story, {"the index is not what it was"});
    if (fs::exists(m_run / "indexes.json"))
      tally.add(story, {"indexes.json is still there"});
  }

private:
  // A server may still be committing what a dead client asked for.
  Rows look() const {
    const auto& database = m_place.world().database();
    database.exec("BEGIN; LOCK TABLE knowledge_chunks IN ACCESS SHARE MODE");
    Rows rows = database.rows(k_look);
    database.exec("COMMIT");
    return rows;
  }

  Place& m_place;
  Life m_life;
  fs::path m_run;
  Rows m_index;
};

const e2e::Arguments k_rebuild = {"--index", "rebuild"};

void must_be_done(const std::string& story, const Ending& ending, Tally& tally) {
  if (ending.exit_code != k_done && ending.exit_code != 0)
    tally.add(story, {fmt::format("it exits {}: {}", ending.exit_code, ending.said)});
}

// Killed there, and the recovery perhaps as well.
void kill(Place& place, const Strike& strike, const std::optional<Strike>& second, Tally& tally) {
  IndexedLife indexed(place);
  const Ending first = indexed.ingest(k_rebuild, strike);
  std::string story = fmt::format("{} ({})", to_string(strike), first.struck);
  indexed.check_not_forgotten(story, tally);
  if (first.struck.empty())
    must_be_done(story, first, tally);
  else
    tally.count("kills");
  if (second) {
    const Ending recovery = indexed.ingest({}, second);
    story += fmt::format(", then {} ({})", to_string(*second), recovery.struck);
    tally.count("killed recoveries", recovery.was_killed() ? 1 : 0);
    indexed.check_not_forgotten(story, tally);
  }
  must_be_done(story, indexed.ingest({}), tally);
  indexed.check_back(story, tally);
  indexed.life().run();
  tally.add(story, indexed.life().violations());
}

} // namespace

TEST_CASE(
    "an ingest that rebuilds the index, killed at any operation, never loses it",
    "[torture][kill][index]") {
  Tally tally;
  long count = 0;
  {
    Place place;
    IndexedLife indexed(place);
    count = indexed.ingest(k_rebuild, Strike{"kill_before", 0}).counted;
    indexed.life().violations();
  }
  tally.count("operations", count);
  sweep(
      tally,
      [&](Place& place, long number) {
        if (number > count)
          return false;
        const long at = scattered(number, count);
        kill(place, {"kill_before", at}, std::nullopt, tally);
        kill(place, {"kill_after", at}, Strike{"kill_after", scattered(at, count)}, tally);
        return true;
      },
      time_for_a_sweep());
  tally.conclude("kill sweep, index");
}

} // namespace embedctl::torture
