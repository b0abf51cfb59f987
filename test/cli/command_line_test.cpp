#include "cli/command_line.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

#include <cstdlib>

using namespace embedctl;
using namespace embedctl::cli;

namespace {

struct SendOptions {
  std::string family;
  std::string run_dir;
  std::optional<std::uint64_t> limit;
  std::uint64_t bytes = 1000;
  int parallel = 4;
  std::string encoding = "base64";
  bool dry_run = false;
};

void add_send_options(CLI::App& app, SendOptions& options) {
  CLI::Option* const family =
      add(app, "--family-id", options.family, "Family to embed")->check(filled());
  CLI::Option* const run_dir = add(app, "--run-dir", options.run_dir, "Run to go on with");
  exclusive({family, run_dir});
  add(app, "--limit", options.limit, "Rows at most")->check(positive_integer());
  add(app, "--max-bytes", options.bytes, "Size of a batch")->transform(byte_size());
  add(app, "-p,--parallel", options.parallel, "Uploads at once");
  add(app, "--encoding", options.encoding, "Form of vectors")
      ->check(CLI::IsMember({"base64", "float"}));
  add(app, "--dry-run", options.dry_run, "Send nothing");
}

struct LookOptions {
  int port = 0;
};

void add_look_options(CLI::App& app, LookOptions& options) {
  add(app, "--port", options.port, "Port")->check(positive_integer());
}

// A parser over two verbs whose options can be looked at, and a clean set of variables.
struct Scene {
  Scene() { clear_variables(); }
  ~Scene() { clear_variables(); }

  static void clear_variables() {
    for (const char* name :
         {"EMBEDCTL_FAMILY_ID", "EMBEDCTL_RUN_DIR", "EMBEDCTL_LIMIT", "EMBEDCTL_MAX_BYTES",
          "EMBEDCTL_PARALLEL", "EMBEDCTL_DRY_RUN", "EMBEDCTL_PORT", "EMBEDCTL_JSON"})
      ::unsetenv(name);
  }

  Invocation parse(const std::vector<std::string>& arguments) {
    return parse_command_line(arguments, verbs, environment);
  }

  Error refusal(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK_FALSE(error.hint().empty());
      return error;
    }
    FAIL("was not refused");
    return Error(ErrorKind::internal, "");
  }

  SendOptions send;
  Environment environment;
  std::vector<Verb> verbs = {
      {"send", "Send rows", [this](CLI::App& app) { add_send_options(app, send); },
       [](Context&) { return 0; }},
      make_verb<LookOptions>(
          "look", "Look around", add_look_options, [](const LookOptions& options, Context&) {
            return options.port;
          })};
};

} // namespace

TEST_CASE("a verb gets its options from flags", "[cli]") {
  Scene scene;
  const auto invocation = scene.parse(
      {"send", "--family-id", "f", "--limit=3", "--max-bytes", "2 MiB", "-p", "2", "--dry-run",
       "-v"});
  REQUIRE(invocation.verb != nullptr);
  CHECK(invocation.verb->name == "send");
  CHECK(invocation.common.verbose);
  CHECK_FALSE(invocation.common.json);
  CHECK(scene.send.family == "f");
  CHECK(scene.send.limit == 3);
  CHECK(scene.send.bytes == 2 << 20);
  CHECK(scene.send.parallel == 2);
  CHECK(scene.send.dry_run);
}

TEST_CASE("every verb takes the common options", "[cli]") {
  Scene scene;
  const CommonOptions common = scene.parse({"look", "--json", "-qv"}).common;
  CHECK(common.json);
  CHECK(common.quiet);
  CHECK(common.verbose);
}

TEST_CASE("that JSON is wanted is known before the options are", "[cli]") {
  const Scene scene;
  CHECK(asks_for_json({"wrong", "--json"}, scene.environment));
  CHECK_FALSE(asks_for_json({"wrong"}, scene.environment));
  ::setenv("EMBEDCTL_JSON", "true", 1);
  CHECK(asks_for_json({"wrong"}, scene.environment));
  ::setenv("EMBEDCTL_JSON", "0", 1);
  CHECK_FALSE(asks_for_json({"wrong"}, scene.environment));
}

TEST_CASE("every option comes from its variable too, and a flag beats it", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_LIMIT", "5", 1);
  ::setenv("EMBEDCTL_DRY_RUN", "true", 1);
  ::setenv("EMBEDCTL_MAX_BYTES", "3kB", 1);
  ::setenv("EMBEDCTL_JSON", "1", 1);
  CHECK(scene.parse({"send", "--limit", "6"}).common.json);
  CHECK(scene.send.limit == 6);
  CHECK(scene.send.dry_run);
  CHECK(scene.send.bytes == 3000);
  scene.parse({"send"});
  CHECK(scene.send.limit == 5);
}

TEST_CASE("a variable with a value that the option refuses is an error", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_LIMIT", "1O", 1);
  CHECK_THAT(scene.refusal({"send"}).what(), ContainsSubstring("--limit"));
  CHECK_NOTHROW(scene.parse({"send", "--limit", "1"}));
}

TEST_CASE("a variable of one verb cannot fail another", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_PORT", "many", 1);
  CHECK_NOTHROW(scene.parse({"send"}));
  scene.refusal({"look"});
}

TEST_CASE("of exclusive options a flag silences the other's variable", "[cli]") {
  Scene scene;
  scene.refusal({"send", "--family-id", "f", "--run-dir", "d"});
  scene.send = {};
  ::setenv("EMBEDCTL_FAMILY_ID", "f", 1);
  scene.parse({"send", "--run-dir", "d"});
  CHECK(scene.send.family.empty());
  CHECK(scene.send.run_dir == "d");
  ::setenv("EMBEDCTL_RUN_DIR", "e", 1);
  scene.parse({"send", "--run-dir", "d"});
  CHECK(scene.send.family.empty());
  scene.refusal({"send"});
}

TEST_CASE("what cannot be parsed is named, with a hint where to look", "[cli]") {
  Scene scene;
  CHECK(std::string(scene.refusal({}).what()) == "no command is given");
  CHECK_THAT(scene.refusal({}).hint(), ContainsSubstring("send, look"));
  CHECK(std::string(scene.refusal({"sned\n"}).what()) == "unknown command \"sned\\x0a\"");
  CHECK(std::string(scene.refusal({"--sned"}).what()) == "unknown option \"--sned\"");
  CHECK(std::string(scene.refusal({"send", "--frob"}).what()) == "send does not know \"--frob\"");
  CHECK(
      std::string(scene.refusal({"--json", "send"}).what()) == "\"--json\" stands before \"send\"");
  CHECK(std::string(scene.refusal({"send", "look"}).what()) == "send does not know \"look\"");
  CHECK_THAT(scene.refusal({"send", "--frob"}).hint(), ContainsSubstring("embedctl send --help"));
  CHECK_THAT(scene.refusal({"send", "--limit"}).what(), ContainsSubstring("--limit"));
  for (const char* limit : {"0", "-1", "1.5", "0x10", "", "99999999999999999999"})
    CHECK_THAT(
        scene.refusal({"send", "--limit", limit}).what(),
        ContainsSubstring("not a whole number above 0"));
  for (const char* size : {"0", "-1", "12 parsecs", "MiB", "", "99999999999999TiB", "1.5MiB"})
    CHECK_THAT(
        scene.refusal({"send", "--max-bytes", size}).what(), ContainsSubstring("is not a size"));
  CHECK_THAT(
      scene.refusal({"send", "--family-id", ""}).what(), ContainsSubstring("must not be empty"));
}

TEST_CASE("help is printed, with defaults and without a variable behind every option", "[cli]") {
  Scene scene;
  const auto top = scene.parse({"--help"});
  CHECK(top.verb == nullptr);
  CHECK_THAT(top.text, ContainsSubstring("Send rows") && ContainsSubstring("look"));
  const auto help = scene.parse({"send", "--help"});
  CHECK(help.verb == nullptr);
  CHECK_THAT(help.text, ContainsSubstring("-p,--parallel INT [4]"));
  CHECK_THAT(help.text, ContainsSubstring("--encoding {base64,float} [base64]"));
  CHECK_THAT(help.text, ContainsSubstring("as EMBEDCTL_RUN_DIR"));
  CHECK_THAT(help.text, !ContainsSubstring("EMBEDCTL_PARALLEL"));
  CHECK_THAT(scene.parse({"--version"}).text, StartsWith("embedctl "));
}

TEST_CASE("help and version ask for no configuration", "[cli]") {
  CHECK(asks_for_information({"send", "-h"}));
  CHECK(asks_for_information({"--version"}));
  CHECK_FALSE(asks_for_information({"send", "--helper"}));
}
