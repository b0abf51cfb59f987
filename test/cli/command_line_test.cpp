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
  std::uint64_t limit = 0;
  std::uint64_t bytes = 1000;
  int parallel = 4;
  std::string encoding = "base64";
  double pause = 0.5;
  bool dry_run = false;
};

void add_send_options(OptionSet& set, SendOptions& options) {
  set.uuid("--family-id UUID", options.family, "family");
  set.text("--run-dir DIR", options.run_dir, "run");
  set.require_one_of({"--family-id", "--run-dir"});
  set.number("--limit N", options.limit, 1, 1'000'000, "rows");
  set.size("--max-bytes SIZE", options.bytes, 200 << 20, "size of a batch");
  set.number("--parallel N", options.parallel, 1, 64, "uploads");
  set.choice("--encoding base64|float|text", options.encoding, "encoding");
  set.seconds("--pause SECONDS", options.pause, "pause");
  set.flag("-n, --dry-run", options.dry_run, "send nothing");
}

struct LookOptions {
  int port = 0;
};

void add_look_options(OptionSet& set, LookOptions& options) {
  set.number("--port N", options.port, 1, 65'535, "port");
}

constexpr const char* k_uuid = "123e4567-e89b-12d3-a456-426614174000";

// Two commands whose options can be inspected, and no variable of theirs.
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
    return parse_command_line(arguments, commands, environment);
  }

  // A valid `send` with these options.
  Invocation send_with(std::vector<std::string> options) {
    options.insert(options.begin(), {"send", "--run-dir", "d"});
    return parse(options);
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

  std::string message(const std::vector<std::string>& arguments) {
    return refusal(arguments).what();
  }

  SendOptions send;
  Environment environment;
  std::vector<Command> commands = {
      {{"send", "Send rows", {"send --family-id UUID"}, {}},
       [this](OptionSet& set) { add_send_options(set, send); },
       [](Context&) { return 0; }},
      make_command<LookOptions>(
          {"look", "Look around", {"look"}, {}},
          add_look_options,
          [](const LookOptions& options, Context&) { return options.port; })};
};

} // namespace

TEST_CASE("a command gets its options from flags", "[cli]") {
  Scene scene;
  const auto invocation = scene.parse(
      {"send", "--family-id", "123E4567E89B12D3A456426614174000", "--limit=3", "--max-bytes",
       "2 MiB", "--parallel", "2", "--encoding=float", "--pause", "1.25", "-nv"});
  REQUIRE(invocation.command != nullptr);
  CHECK(invocation.command->manual.name == "send");
  CHECK(invocation.common.verbose);
  CHECK_FALSE(invocation.common.json);
  CHECK(scene.send.family == k_uuid);
  CHECK(scene.send.limit == 3);
  CHECK(scene.send.bytes == 2 << 20);
  CHECK(scene.send.parallel == 2);
  CHECK(scene.send.encoding == "float");
  CHECK(scene.send.pause == 1.25);
  CHECK(scene.send.dry_run);
}

TEST_CASE("a misspelt variable is refused by name", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_RUN_DIRS", "d", 1);
  const Error error = scene.refusal({"look"});
  CHECK_THAT(
      error.what(), ContainsSubstring("unknown variable EMBEDCTL_RUN_DIRS; did you mean EMBEDCTL_RUN_DIR?"));
  ::setenv("EMBEDCTL_RUN_DIRS", "", 1); // as good as not set
  CHECK_NOTHROW(scene.parse({"look"}));
  ::unsetenv("EMBEDCTL_RUN_DIRS");
  // What another command knows, and what the tests use.
  ::setenv("EMBEDCTL_LIMIT", "1", 1);
  ::setenv("EMBEDCTL_TEST_DAY", "1", 1);
  CHECK_NOTHROW(scene.parse({"look"}));
  ::unsetenv("EMBEDCTL_TEST_DAY");
}

TEST_CASE("a flag may be repeated and may have a value", "[cli]") {
  Scene scene;
  scene.send_with({"-n", "--dry-run"});
  CHECK(scene.send.dry_run);
  scene.send_with({"--dry-run=false"});
  CHECK_FALSE(scene.send.dry_run);
}

TEST_CASE("every command takes the common options", "[cli]") {
  Scene scene;
  const CommonArguments common = scene.parse({"look", "--json", "-qv"}).common;
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
  for (const char* no : {"0", "maybe"}) {
    ::setenv("EMBEDCTL_JSON", no, 1);
    CHECK_FALSE(asks_for_json({"wrong"}, scene.environment));
  }
}

TEST_CASE("every option comes from its variable too, and a flag beats it", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_LIMIT", "5", 1);
  ::setenv("EMBEDCTL_DRY_RUN", "yes", 1);
  ::setenv("EMBEDCTL_MAX_BYTES", "3kB", 1);
  ::setenv("EMBEDCTL_PARALLEL", "", 1);
  ::setenv("EMBEDCTL_JSON", "1", 1);
  CHECK(scene.send_with({"--limit", "6"}).common.json);
  CHECK(scene.send.limit == 6);
  CHECK(scene.send.dry_run);
  CHECK(scene.send.bytes == 3000);
  CHECK(scene.send.parallel == 4);
  scene.send_with({});
  CHECK(scene.send.limit == 5);
}

TEST_CASE("a value that a variable must not have is an error that names the variable", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_LIMIT", "1O", 1);
  CHECK(
      scene.message({"send", "--run-dir", "d"}) == "EMBEDCTL_LIMIT: \"1O\" is not a whole number");
  CHECK_NOTHROW(scene.send_with({"--limit", "1"}));
  ::setenv("EMBEDCTL_LIMIT", "1", 1);
  ::setenv("EMBEDCTL_DRY_RUN", "maybe", 1);
  CHECK(
      scene.message({"send", "--run-dir", "d"})
      == "EMBEDCTL_DRY_RUN: \"maybe\" is not true or false");
}

TEST_CASE("a variable of one command cannot fail another", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_PORT", "many", 1);
  CHECK_NOTHROW(scene.send_with({}));
  scene.refusal({"look"});
}

TEST_CASE("exactly one of a run and a family is required", "[cli]") {
  Scene scene;
  CHECK(scene.message({"send"}) == "--family-id or --run-dir is required");
  CHECK(
      scene.message({"send", "--family-id", k_uuid, "--run-dir", "d"})
      == "--family-id and --run-dir cannot be used together");
  ::setenv("EMBEDCTL_RUN_DIR", "e", 1);
  scene.parse({"send"});
  CHECK(scene.send.run_dir == "e");
  ::setenv("EMBEDCTL_FAMILY_ID", k_uuid, 1);
  CHECK(
      scene.message({"send"}) == "EMBEDCTL_FAMILY_ID and EMBEDCTL_RUN_DIR cannot be used together");
}

TEST_CASE("a flag hides the variable of the option that it excludes", "[cli]") {
  Scene scene;
  ::setenv("EMBEDCTL_FAMILY_ID", "not even a UUID", 1);
  scene.send_with({});
  CHECK(scene.send.family.empty());
  CHECK(scene.send.run_dir == "d");
}

TEST_CASE("unknown words are named, with the word that was probably meant", "[cli]") {
  Scene scene;
  CHECK(scene.message({"sned"}) == "unknown command \"sned\"; did you mean send?");
  CHECK(scene.message({"frob\n"}) == "unknown command \"frob\\x0a\"");
  CHECK(scene.message({"--frob"}) == "unknown option \"--frob\"");
  CHECK(scene.message({"--verison"}) == "unknown option \"--verison\"; did you mean --version?");
  CHECK(
      scene.message({"send", "--famly-id", "x"})
      == "unknown option \"--famly-id\"; did you mean --family-id?");
  CHECK(
      scene.message({"send", "--famly-id=x"})
      == "unknown option \"--famly-id\"; did you mean --family-id?");
  CHECK(scene.message({"send", "--frob"}) == "unknown option \"--frob\"");
  CHECK(scene.message({"send", "-x"}) == "unknown option \"-x\"");
  CHECK(scene.message({"send", "--"}) == "unknown option \"--\"");
  CHECK(scene.message({"send", "look"}) == "unexpected argument \"look\"");
  CHECK(scene.message({"send", "--port", "1"}) == "--port is an option of look, not of send");
  CHECK(scene.refusal({"send", "--frob"}).hint() == "see embedctl send --help");
}

TEST_CASE("options before the command are refused", "[cli]") {
  Scene scene;
  for (const char* option : {"--json", "--limit=3", "-q", "--port"})
    CHECK(scene.message({option, "send"}) == std::string(option) + " comes before the command");
}

TEST_CASE("an option without its value is refused", "[cli]") {
  Scene scene;
  CHECK(scene.message({"send", "--run-dir"}) == "--run-dir needs a value");
  CHECK(scene.message({"send", "--run-dir", "--limit", "3"}) == "--run-dir needs a value");
  CHECK(scene.message({"send", "--run-dir", "-n"}) == "--run-dir needs a value");
  CHECK(scene.message({"send", "--run-dir", ""}) == "--run-dir needs a value");
  CHECK(scene.message({"send", "--run-dir="}) == "--run-dir needs a value");
  CHECK(scene.message({"send", "--run-dir=d", "--run-dir=e"}) == "--run-dir is given twice");
  scene.parse({"send", "--run-dir=--limit"});
  CHECK(scene.send.run_dir == "--limit");
}

TEST_CASE("a value that an option must not have is refused in plain words", "[cli]") {
  Scene scene;
  const auto check = [&](const std::string& option, const std::string& value,
                         const std::string& message) {
    INFO(option << " " << value);
    CHECK(scene.message({"send", option, value}) == option + ": " + message);
  };
  check("--family-id", "notauuid", "\"notauuid\" is not a valid UUID");
  CHECK_THAT(
      scene.refusal({"send", "--family-id", "notauuid"}).hint(), ContainsSubstring("looks like"));
  for (const char* text : {"1.5", "0x10", "many", "1 ", "+1", "1e3"})
    check("--limit", text, "\"" + std::string(text) + "\" is not a whole number");
  check("--limit", "0", "0 is below the minimum of 1");
  check("--limit", "-1", "-1 is below the minimum of 1");
  check("--limit", "1000001", "1000001 exceeds the maximum of 1,000,000");
  check("--limit", "99999999999999999999", "99999999999999999999 exceeds the maximum of 1,000,000");
  for (const char* text : {"-1", "12 parsecs", "MiB", "99999999999999TiB", "1.5MiB"})
    check(
        "--max-bytes", text,
        "\"" + std::string(text) + "\" is not a size such as 180MiB, 200MB or 188743680");
  check("--max-bytes", "0", "must be at least 1 byte");
  check("--max-bytes", "300000000", "300 MB exceeds the maximum of 200 MiB");
  check("--max-bytes", "1GiB", "1 GiB exceeds the maximum of 200 MiB");
  check("--max-bytes", "209715201", "209,715,201 bytes exceeds the maximum of 200 MiB");
  check("--encoding", "hex", "\"hex\" is not base64, float or text");
  for (const char* text : {"soon", "-1", "inf", "nan", "1s"})
    check("--pause", text, "\"" + std::string(text) + "\" is not a number of seconds");
}

TEST_CASE("sizes are powers of 1000 or of 1024, as they say", "[cli]") {
  Scene scene;
  const std::vector<std::pair<const char*, std::uint64_t>> sizes = {
      {"1", 1},          {"10b", 10},
      {"3kB", 3000},     {"3KB", 3000},
      {"3 KiB", 3072},   {"2mb", 2'000'000},
      {"2MiB", 2 << 20}, {"200MiB", 200 << 20},
      {"0001", 1},       {"209715200", 200 << 20}};
  for (const auto& [text, bytes] : sizes) {
    INFO(text);
    scene.send_with({"--max-bytes", text});
    CHECK(scene.send.bytes == bytes);
  }
}

TEST_CASE("help is asked for in several ways", "[cli]") {
  using About = HelpRequest::About;
  const Scene scene;
  const auto about = [&](const std::vector<std::string>& arguments) {
    return help_request(arguments, scene.commands);
  };
  CHECK(about({}).about == About::overview);
  CHECK(about({"help"}).about == About::overview);
  CHECK(about({"--help"}).about == About::overview);
  CHECK(about({"-h"}).about == About::overview);
  CHECK(about({"help", "--help"}).about == About::overview);
  CHECK(about({"--version"}).about == About::version);
  CHECK(about({"help", "send"}).about == About::name);
  CHECK(about({"help", "send"}).name == "send");
  CHECK(about({"help", "frob"}).name == "frob");
  CHECK(about({"send", "-h"}).about == About::command);
  CHECK(about({"send", "--frob", "--help"}).name == "send");
  CHECK(about({"send", "--helper"}).about == About::nothing);
  CHECK(about({"sned", "--help"}).about == About::nothing);
}
