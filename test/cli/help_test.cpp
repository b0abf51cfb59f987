#include "cli/help.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::cli;

namespace {

struct Values {
  std::string run_dir;
  std::string model = "small";
  std::uint64_t limit = 0;
  std::uint64_t bytes = 180 << 20;
  bool overwrite = false;
};

const std::vector<Command> k_commands = {make_command<Values>(
    {"send", "Send rows", {"send --run-dir DIR [options]"}, {"embedctl send --run-dir DIR"}},
    [](OptionSet& set, Values& values) {
      set.group("Selection");
      set.text("--run-dir DIR", values.run_dir, "the run folder");
      set.group("Writing");
      set.flag("-o, --overwrite", values.overwrite, "replace");
      set.size("--max-bytes SIZE", values.bytes, 200 << 20, "size of a batch");
      set.group("Selection");
      set.number("--limit N", values.limit, 0, 10, "rows").shows_default("all");
      set.text(
          "--model NAME", values.model,
          "a text that is too long for one line of a terminal with eighty columns");
    },
    [](const Values&, Context&) { return 0; })};

} // namespace

TEST_CASE("the help of a command has its usage, options in groups, and examples", "[cli]") {
  CHECK_THAT(
      help_on("send", k_commands, {}), StartsWith("Send rows.\n"
                                                  "\n"
                                                  "Usage:\n"
                                                  "  embedctl send --run-dir DIR [options]\n"
                                                  "\n"
                                                  "Selection:\n"
                                                  "  --run-dir DIR     the run folder\n"
                                                  "  --limit N         rows [default: all]\n"
                                                  "  --model NAME      a text that is too long for "
                                                  "one line of a terminal with\n"
                                                  "                    eighty columns [default: "
                                                  "small]\n"
                                                  "\n"
                                                  "Writing:\n"
                                                  "  -o, --overwrite   replace\n"
                                                  "  --max-bytes SIZE  size of a batch [default: "
                                                  "180 MiB]\n"
                                                  "\n"
                                                  "Output:\n"));
  CHECK_THAT(
      help_on("send", k_commands, {}),
      ContainsSubstring("Examples:\n  embedctl send --run-dir DIR\n")
          && ContainsSubstring("--run-dir as\nEMBEDCTL_RUN_DIR"));
}

TEST_CASE("the overview lists commands and topics", "[cli]") {
  const std::string text = overview(k_commands, {});
  CHECK_THAT(text, ContainsSubstring("  send") && ContainsSubstring("Send rows\n"));
  for (const Topic& topic : topics()) {
    INFO(topic.name);
    CHECK_THAT(text, ContainsSubstring("  " + std::string(topic.name) + "  "));
    CHECK_FALSE(topic.title().empty());
    CHECK_THAT(help_on(topic.name, k_commands, {}), StartsWith(std::string(topic.title()) + "\n"));
  }
}

TEST_CASE("help on what does not exist names what was probably meant", "[cli]") {
  const auto message = [](const char* name) -> std::string {
    try {
      return help_on(name, k_commands, {});
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      return error.what();
    }
  };
  CHECK(message("sned") == "no help on \"sned\"; did you mean send?");
  CHECK(message("exit-code") == "no help on \"exit-code\"; did you mean exit-codes?");
  CHECK(message("frob") == "no help on \"frob\"");
}
