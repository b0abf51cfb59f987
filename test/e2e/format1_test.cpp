#include "e2e/old_folder.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

// Run folders that embedctl 0.1.0 left in every state a run can be in, as test/data/format1/make
// made them: each is finished, and no text is paid for twice.

namespace embedctl::e2e {

namespace {

struct State {
  const char* name;
  int exit_code = 0;         // of `run --run-dir`
  const char* first = "";    // the command with which a user goes on, if not `run`
  int bought_again = 0;      // rows whose result was lost, which the next submit buys
  bool in_real_time = false; // its batches are not done at once
};

constexpr int k_with_failures = 3;

// In the order of test/data/format1/states.bash.
const std::vector<State> k_states = {
    {"unborn"},
    {"unplanned"},
    {"planned"},
    {"planned_later"},
    {"interrupted"},
    {"dry_run", k_with_failures, "submit"},
    {"skipped", k_with_failures},
    {"written"},
    {"written_refused"},
    {"uploading_unheard"},
    {"uploading_done"},
    {"uploaded"},
    {"uploaded_refused"},
    {"creating_unheard"},
    {"creating_done"},
    {"creating_ended"},
    {.name = "doubled", .first = "ingest", .in_real_time = true},
    {"doubled_cancelled"},
    {"submitted", k_with_failures},
    {.name = "submitted_in_progress", .first = "ingest", .in_real_time = true},
    {"submitted_cancelling"},
    {"submitted_completed"},
    {"submitted_limit"},
    {"submitted_edited"},
    {"ended"},
    {"ended_failures", k_with_failures},
    {"ended_expired", k_with_failures},
    {"ended_cancelled", k_with_failures},
    {"ended_part"},
    {"refused_queue"},
    {"refused_file", 0, "submit"},
    {"refused_file_often", 0, "submit"},
    {"refused_for_good", k_with_failures},
    {"refused_sent_again"},
    {"refused_taken_back"},
    {"downloaded", k_with_failures},
    {"downloaded_damaged"},
    {"downloaded_again"},
    {"ingested"},
    {"ingested_before_packing"},
    {"ingested_packing"},
    {"ingested_packed"},
    {"archived"},
    {"archived_failed", k_with_failures},
    {"archived_left"},
    {.name = "archived_quarantine", .exit_code = k_with_failures, .bought_again = 1},
    {"index_missing"},
    {"index_missing_alone"},
    {"index_recorded"},
    {"mixed", 0, "submit"},
    {"two_runs", k_with_failures},
};

// A provider that is done with all it has and gets.
const Arguments k_done_at_once = [] {
  Arguments options = k_at_once;
  options.insert(options.end(), {"--cancelling-seconds", "0", "--frozen-clock"});
  return options;
}();

class Restored {
public:
  explicit Restored(const State& state)
      : m_state(state),
        m_folder(state.name, state.in_real_time ? Arguments{"--frozen-clock"} : k_done_at_once) {}

  void finish() {
    for (const std::string& run : m_folder.runs()) {
      succeed({"status", "--run-dir", run});
      if (*m_state.first != '\0')
        go_on_with(m_state.first, run);
      expect(
          m_state.exit_code,
          {"run", "--run-dir", run, "--poll-seconds", "1", "--doubt-grace", "0"});
    }
    check_runs();
    m_folder.check_index();
  }

  // What no run holds: rows that a selection did not reach, failed ones, edited ones.
  void finish_family() {
    const int code = m_folder.code_of_skipped();
    expect(code, {"submit", "--family-id", family(1), "--dims", "8"});
    world().let_pass();
    expect_either(code, {"run", "--family-id", family(1), "--dims", "8", "--poll-seconds", "1"});
    check_runs();
    m_folder.check_rows();
    m_folder.check_bills(m_state.bought_again);
  }

  void check_nothing_to_buy() const {
    const auto batches = world().sandbox().batch_ids();
    expect_either(m_folder.code_of_skipped(), {"submit", "--family-id", family(1), "--dims", "8"});
    CHECK(world().sandbox().batch_ids() == batches);
    CHECK(world().sandbox().calls("POST /v1/batches") <= static_cast<std::int64_t>(batches.size()));
    m_folder.check_bills(m_state.bought_again);
  }

private:
  const World& world() const { return m_folder.world(); }

  void expect(int exit_code, const Arguments& arguments) const {
    const Outcome outcome = world().run(arguments);
    INFO(fmt::format("{}", fmt::join(arguments, " ")) << "\n" << outcome.out << outcome.err);
    CHECK(outcome.exit_code == exit_code);
  }

  // 0 if blank rows were told of before.
  void expect_either(int exit_code, const Arguments& arguments) const {
    const Outcome outcome = world().run(arguments);
    INFO(fmt::format("{}", fmt::join(arguments, " ")) << "\n" << outcome.out << outcome.err);
    CHECK((outcome.exit_code == 0 || outcome.exit_code == exit_code));
  }

  void succeed(const Arguments& arguments) const { expect(0, arguments); }

  void go_on_with(const std::string& verb, const std::string& run) const {
    const int not_done = 4;
    if (verb == "ingest")
      expect(not_done, {verb, "--run-dir", run});
    else
      expect(m_folder.code_of_skipped(), {verb, "--run-dir", run, "--doubt-grace", "0"});
    if (m_state.in_real_time)
      world().let_pass();
  }

  void check_runs() const {
    for (const std::string& run : m_folder.runs()) {
      succeed({"verify", "--run-dir", run});
      const Outcome status = world().run({"status", "--run-dir", run, "--json"});
      CHECK(status.exit_code == 0);
      CHECK(Json(status.out).text("state") == "finished");
    }
  }

  const State& m_state;
  OldFolder m_folder;
};

} // namespace

TEST_CASE(
    "a run that 0.1.0 left in any state is finished, each row billed once", "[e2e][format1]") {
  for (const State& state : k_states)
    DYNAMIC_SECTION(state.name) {
      Restored restored(state);
      restored.finish();
      restored.finish_family();
      restored.check_nothing_to_buy();
    }
}

TEST_CASE("every state that is kept is tried", "[e2e][format1]") {
  std::vector<std::string> tried;
  for (const State& state : k_states)
    tried.emplace_back(state.name);
  CHECK_THAT(tried, Catch::Matchers::UnorderedEquals(OldFolder::names()));
}

TEST_CASE("a folder of a format to come is refused and left as it is", "[e2e][format1]") {
  const OldFolder old("submitted_completed", k_done_at_once);
  const std::string run = old.runs().at(0);
  for (const fs::path& file : {fs::path(run) / "run.json", batch_folder(run) / "batch.json"}) {
    const std::string good = content_of(file);
    replace_in(file, "\"format\": 1", "\"format\": 99");
    const auto before = files_below(run);
    for (const Arguments& arguments :
         {Arguments{"ingest", "--run-dir", run}, Arguments{"status", "--run-dir", run},
          Arguments{"submit", "--run-dir", run}, Arguments{"run", "--run-dir", run},
          Arguments{"verify", "--run-dir", run},
          Arguments{"submit", "--family-id", family(1), "--dims", "8"},
          Arguments{"run", "--family-id", family(1), "--dims", "8"}}) {
      const Outcome outcome = old.world().run(arguments);
      INFO(fmt::format("{}", fmt::join(arguments, " ")) << "\n" << outcome.out << outcome.err);
      CHECK(outcome.exit_code == 2);
      CHECK_THAT(outcome.err, ContainsSubstring("format 99"));
    }
    CHECK(files_below(run) == before);
    write_file(file, good);
  }
  CHECK(old.world().sandbox().batch_ids().size() == 1);
  CHECK(old.world().run({"run", "--run-dir", run}).exit_code == 0);
  old.check_rows();
  old.check_bills(0);
}

} // namespace embedctl::e2e
