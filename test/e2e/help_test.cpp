#include "e2e/world.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>

namespace embedctl::e2e {

namespace {

// Only what needs no database and no provider.
Outcome run_alone(const Folder& folder, const Arguments& arguments) {
  test::Command command;
  command.argv = {test::binary()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.folder = folder.path();
  return test::Process(command).wait();
}

const std::map<std::string, Arguments> k_options = {
    {"submit",
     {"--family-id", "--limit", "--dry-run", "--max-requests-per-batch", "--max-bytes-per-batch",
      "--model", "--dims", "--encoding", "--batches-dir", "--parallel", "--run-dir",
      "--allow-insecure"}},
    {"status", {"--run-dir", "--batch-file", "--update-json", "--exit-code", "--allow-insecure"}},
    {"ingest",
     {"--run-dir", "--batch-file", "--dims", "--update-chunk-size", "--overwrite", "--redownload",
      "--index", "--allow-insecure"}},
    {"run",
     {"--family-id", "--limit", "--max-requests-per-batch", "--max-bytes-per-batch", "--model",
      "--dims", "--encoding", "--batches-dir", "--parallel", "--run-dir", "--poll-seconds",
      "--update-chunk-size", "--overwrite", "--redownload", "--index", "--allow-insecure"}},
    {"sandbox", {"--port", "--data-dir"}},
};

// The words of a shell command up to a comment, a pipe or a redirection.
Arguments words_of(const std::string& line) {
  static const std::regex k_word(R"("([^"]*)\"|'([^']*)'|(\S+))");
  Arguments words;
  for (std::sregex_iterator word(line.begin(), line.end(), k_word), end; word != end; ++word) {
    const std::string bare = (*word)[3];
    static const std::regex k_end(R"(#.*|[0-9]*[|><&].*|;.*|\\)");
    if (std::regex_match(bare, k_end))
      break;
    words.push_back((*word)[1].str() + (*word)[2].str() + bare);
  }
  return words;
}

// The command lines in the code blocks of a document that start with embedctl, prompt or not;
// lines that end in a backslash go on.
std::vector<Arguments> commands_in(const fs::path& document) {
  static const std::regex k_command(R"(^\s*(?:\$ )?embedctl (.*)$)");
  std::vector<Arguments> commands;
  bool in_block = false;
  std::string line;
  for (const std::string& part : lines_of(document)) {
    if (part.starts_with("```")) {
      in_block = !in_block;
      continue;
    }
    line += part;
    if (line.ends_with('\\')) {
      line.pop_back();
      continue;
    }
    std::smatch match;
    if (in_block && std::regex_match(line, match, k_command))
      commands.push_back(words_of(match[1]));
    line.clear();
  }
  return commands;
}

// Options in brackets, as in a synopsis, are options all the same; alternatives and ellipses are
// no words of a command.
Arguments without_notation(const Arguments& words) {
  Arguments plain;
  for (std::string word : words) {
    std::erase_if(word, [](char c) { return c == '[' || c == ']'; });
    if (!word.empty() && word != "…" && word != "..." && word != "|")
      plain.push_back(word);
  }
  return plain;
}

} // namespace

TEST_CASE("the help of every command names all its options", "[e2e]") {
  const Folder folder;
  const Outcome all = run_alone(folder, {"--help"});
  CHECK(all.exit_code == 0);
  for (const auto& [command, options] : k_options) {
    CHECK_THAT(all.out, ContainsSubstring(command));
    const Outcome help = run_alone(folder, {command, "--help"});
    CHECK(help.exit_code == 0);
    CHECK(help.err.empty());
    for (const std::string& option : options) {
      INFO(command << " " << option);
      CHECK(std::regex_search(help.out, std::regex(option + "\\b")));
    }
    for (const char* option : {"--json", "--quiet", "--verbose", "--help"})
      CHECK_THAT(help.out, ContainsSubstring(option));
    CHECK_THAT(help.out, ContainsSubstring("EMBEDCTL_"));
  }
  CHECK_THAT(all.out, ContainsSubstring("--version"));
}

TEST_CASE("the help of submit, ingest and run tells the defaults", "[e2e]") {
  const Folder folder;
  const auto check_default = [&](const char* command, const char* option, const char* value) {
    const std::string help = run_alone(folder, {command, "--help"}).out;
    INFO(command << " " << option);
    CHECK(std::regex_search(
        help, std::regex(fmt::format("{} [^\\[]*\\[default:\\s+{}\\b", option, value))));
  };
  for (const char* command : {"submit", "run"}) {
    check_default(command, "--max-requests-per-batch", "50000");
    check_default(command, "--max-bytes-per-batch", "180\\s+MiB");
    check_default(command, "--model", "text-embedding-3-small");
    check_default(command, "--dims", "1536");
    check_default(command, "--encoding", "base64");
    check_default(command, "--batches-dir", "\\./batches");
    check_default(command, "--parallel", "4");
  }
  check_default("run", "--poll-seconds", "60");
  check_default("ingest", "--update-chunk-size", "1000");
}

TEST_CASE("every command line in the documents is one that the binary knows", "[e2e]") {
  const Folder folder;
  for (const char* document : {"README.md", "CONTRIBUTING.md", "batches/README.md"}) {
    for (const Arguments& command : commands_in(fs::path(test::source_dir()) / document)) {
      Arguments arguments = without_notation(command);
      INFO(document << ": embedctl " << fmt::format("{}", fmt::join(arguments, " ")));
      if (arguments.empty() || arguments == Arguments{"--version"})
        continue;
      REQUIRE(k_options.contains(arguments.front()));
      const std::string help = run_alone(folder, {arguments.front(), "--help"}).out;
      for (const std::string& word : arguments) {
        const std::string option = word.substr(0, word.find('='));
        if (option.starts_with("-") && option != "--") {
          INFO(option);
          CHECK(std::regex_search(help, std::regex("(^|[\\s,])" + option + "\\b")));
        }
      }
      arguments.push_back("--help");
      CHECK(run_alone(folder, arguments).exit_code == 0);
    }
  }
}

} // namespace embedctl::e2e
