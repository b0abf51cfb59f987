#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

// What the commands print where, and where their options come from.

namespace embedctl::e2e {

namespace {

// Exactly one JSON object and a newline.
Json only_object(const std::string& out) {
  REQUIRE_FALSE(out.empty());
  CHECK(out.find('\n') == out.size() - 1);
  Json answer(out);
  CHECK(answer.root().is_object());
  return answer;
}

} // namespace

TEST_CASE("--json prints one object on stdout, errors included, and nothing else there", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  const Outcome submit = world.run({"submit", "--family-id", family(1), "--json", "-v"});
  const Json answer = only_object(submit.out);
  CHECK(answer.number("rows_selected") == 4);
  CHECK(answer.number("batches.0.number") == 1);
  CHECK(answer.text("batches.0.batch_id") == world.sandbox().batch_ids().at(0));
  CHECK_THAT(answer.text("batches.0.input_file_id"), StartsWith("file-"));
  CHECK(answer.number("batches.0.requests") == 4);
  CHECK(answer.number("batches.0.bytes") > 0);
  CHECK(answer.text("batches.0.state") == "submitted");
  const std::string run_dir = (world.folder() / answer.text("run_dir")).string();

  only_object(world.run({"--json", "status", "--run-dir", run_dir}).out);
  const Json ingest = only_object(world.run({"ingest", "--run-dir", run_dir, "--json"}).out);
  for (const char* state :
       {"selected", "written", "already_set", "stale", "missing_row", "failed", "skipped",
        "pending"})
    CHECK(ingest.number(fmt::format("rows.{}", state)) >= 0);

  struct Case {
    Arguments arguments;
    Variables variables;
    int exit_code;
    const char* kind;
  };
  for (const Case& each : std::vector<Case>{
           {{"submit", "--json"}, {}, 2, "usage"},
           {{"submit", "--json", "--no-such-option"}, {}, 2, "usage"},
           {{"--json"}, {}, 2, "usage"},
           {{"status", "--json", "--run-dir", "none"}, {}, 2, "usage"},
           {{"submit", "--family-id", family(1), "--json"}, {{"OPENAI_API_KEY", ""}}, 2, "usage"},
           {{"submit", "--family-id", family(1), "--json"},
            {{"DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"}},
            6,
            "unreachable"}}) {
    const Outcome outcome = world.run(each.arguments, each.variables);
    INFO(outcome.out << outcome.err);
    const Json error = only_object(outcome.out);
    CHECK(outcome.exit_code == each.exit_code);
    CHECK(outcome.err.empty());
    CHECK(error.text("error.kind") == each.kind);
    CHECK(error.number("error.exit_code") == each.exit_code);
    CHECK_FALSE(error.text("error.message").empty());
    CHECK_FALSE(error.text("error.hint").empty());
  }
}

TEST_CASE("--quiet is silent where cron shall send no mail, and tells all the rest", "[e2e]") {
  const World world({"--frozen-clock", "--fail-every", "2"});
  world.add_family(2);
  world.add_chunks(1, 1, 1);
  world.add_chunks(2, 11, 4);
  const auto check_silent = [&](const Arguments& arguments, int exit_code) {
    const Outcome outcome = world.run(arguments);
    CHECK(outcome.exit_code == exit_code);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.empty());
  };
  check_silent({"submit", "--family-id", family(1), "--quiet"}, 0);
  const std::string clean = only_run(world, 1);
  const std::string failing = world.submit(2);
  check_silent({"ingest", "--run-dir", clean, "--quiet"}, 4);
  check_silent({"status", "--run-dir", clean, "-q"}, 0);
  world.let_pass();
  check_silent({"ingest", "--run-dir", clean, "--quiet"}, 0);

  const Outcome told = world.run({"ingest", "--run-dir", failing, "--quiet"});
  CHECK(told.exit_code == 3);
  CHECK_THAT(told.out, ContainsSubstring("2 rows failed ("));
  const Outcome error = world.run({"ingest", "--run-dir", "none", "--quiet"});
  CHECK(error.exit_code == 2);
  CHECK_THAT(error.err, ContainsSubstring("hint: "));
}

TEST_CASE("--quiet is silent while another process works, unless JSON is asked for", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 3);
  const auto staying = world.start({"run", "--family-id", family(1), "--poll-seconds", "1"});
  wait_until([&] { return world.sandbox().calls("GET /v1/batches/{id}") >= 1; });
  const Outcome quiet = world.run({"run", "--family-id", family(1), "--once", "--quiet"});
  CHECK(quiet.exit_code == 5);
  CHECK(quiet.out + quiet.err == "");
  const Outcome json = world.run({"run", "--family-id", family(1), "--once", "--quiet", "--json"});
  CHECK(json.exit_code == 5);
  CHECK(Json(json.out).text("error.kind") == "locked");
  staying->signal(SIGTERM);
  staying->wait();
}

TEST_CASE("what only another command can move on is not quiet", "[e2e]") {
  const World world({"--frozen-clock", "--queue-tokens", "1"});
  world.add_chunks(1, 1, 3);
  const std::string run_dir = world.submit(1);
  world.let_pass();
  CHECK(world.run({"status", "--run-dir", run_dir, "--update-json"}).exit_code == 0);
  const Outcome outcome = world.run({"ingest", "--run-dir", run_dir, "--quiet"});
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.out, ContainsSubstring("resend it with: embedctl submit --run-dir"));
}

TEST_CASE("results go to stdout and everything else to stderr, in plain text", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 4);
  // Even where asked to be colourful, because no terminal is here.
  const Variables loud = {{"TERM", "xterm-256color"}, {"CLICOLOR_FORCE", "1"}};
  const Outcome submit = world.run({"submit", "--family-id", family(1), "-v"}, loud);
  CHECK_THAT(submit.out, ContainsSubstring("4 rows in 1 batch"));
  CHECK_THAT(submit.err, !ContainsSubstring("4 rows in 1 batch"));
  const Outcome error = world.run({"submit", "--family-id", "x"}, loud);
  CHECK(error.out.empty());
  for (const std::string& text : {submit.out, submit.err, error.err}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
  }
}

TEST_CASE("the version and the help need nothing", "[e2e]") {
  const World world;
  write_file(world.folder() / ".env", "this is no .env file\n");
  const Variables nothing = {
      {"DATABASE_URL", ""}, {"OPENAI_API_KEY", ""}, {"EMBEDCTL_DIMS", "many"}};
  const Outcome version = world.run({"--version"}, nothing);
  CHECK(version.exit_code == 0);
  CHECK_THAT(version.out, StartsWith("embedctl "));
  CHECK(version.err.empty());
  for (const Arguments& arguments : {Arguments{"--help"}, Arguments{"submit", "-h"}})
    CHECK(world.run(arguments, nothing).exit_code == 0);
}

TEST_CASE("every option can come as a variable, which a flag beats", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 6);
  const Variables variables = {
      {"EMBEDCTL_FAMILY_ID", family(1)},
      {"EMBEDCTL_MAX_REQUESTS_PER_BATCH", "2"},
      {"EMBEDCTL_BATCHES_DIR", "from_variable"},
      {"EMBEDCTL_DRY_RUN", "true"},
      {"EMBEDCTL_LIMIT", "5"},
      {"EMBEDCTL_JSON", "1"}};
  const Outcome outcome = world.run({"submit", "--limit", "3"}, variables);
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  const Json answer(outcome.out);
  CHECK(answer.number("rows_selected") == 3);
  CHECK(answer.size("batches") == 2);
  CHECK(answer.text("state") == "prepared");
  CHECK_THAT(answer.text("run_dir"), StartsWith("from_variable/"));

  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"EMBEDCTL_LIMIT", "-1"}, {"EMBEDCTL_DIMS", "many"}, {"EMBEDCTL_ENCODING", "hex"}}) {
    Variables wrong = variables;
    wrong[name] = value;
    const Outcome refused = world.run({"submit"}, wrong);
    INFO(name << refused.out << refused.err);
    CHECK(refused.exit_code == 2);
  }
}

TEST_CASE("what the environment does not say may stand in .env", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  write_file(
      world.folder() / ".env",
      fmt::format(
          "# a comment\nexport DATABASE_URL=\"{} password='{}'\"\nOPENAI_API_KEY={}\n"
          "OPENAI_BASE_URL=http://127.0.0.1:1/v1\nEMBEDCTL_LIMIT=1\n",
          world.database().url(), k_password, k_key));
  // The base URL of the environment beats the one in the file.
  const Outcome outcome = world.run(
      {"submit", "--family-id", family(1), "--json"},
      {{"DATABASE_URL", ""}, {"OPENAI_API_KEY", ""}});
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(Json(outcome.out).number("rows_selected") == 1);

  write_file(world.folder() / ".env", fmt::format("OPENAI_API_KEY=\"{}\n", k_key));
  const Outcome broken = world.run({"submit", "--family-id", family(1)});
  CHECK(broken.exit_code == 2);
  CHECK_THAT(broken.err, ContainsSubstring(".env"));
}

} // namespace embedctl::e2e
