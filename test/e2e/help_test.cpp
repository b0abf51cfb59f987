#include "e2e/world.hpp"
#include "support/catch.hpp"
#include "support/paths.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <regex>
#include <set>
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

std::string help_of(const Folder& folder, const std::string& command) {
  const Outcome help = run_alone(folder, {command, "--help"});
  INFO(command);
  CHECK(help.exit_code == 0);
  CHECK(help.err.empty());
  return help.out;
}

// The names in a section of the overview.
Arguments names_under(const std::string& overview, const std::string& section) {
  static const std::regex k_entry("^  (\\S+)  .*$");
  std::istringstream lines(overview);
  Arguments names;
  std::string line;
  bool here = false;
  while (std::getline(lines, line)) {
    std::smatch match;
    if (line == section)
      here = true;
    else if (line.empty())
      here = false;
    else if (here && std::regex_match(line, match, k_entry))
      names.push_back(match[1]);
  }
  return names;
}

struct ShownOption {
  std::string name;  // "-q, --quiet", "--limit N"
  std::string usual; // the default; empty if none is shown
};

// The options in the help of a command: the text of each goes on in lines that are indented
// further.
std::vector<ShownOption> options_in(const std::string& help) {
  static const std::regex k_option(R"(^  ((?:-\w, )?--[\w-]+(?: \S+)?)(?:  +(.*))?$)");
  static const std::regex k_usual(R"(.*\[default: (.*)\])");
  std::vector<ShownOption> options;
  std::istringstream lines(help.substr(0, help.find("\nExamples:")));
  std::string line;
  std::string text;
  while (std::getline(lines, line)) {
    std::smatch match;
    if (std::regex_match(line, match, k_option)) {
      options.push_back({match[1], ""});
      text = match[2];
    } else if (const auto start = line.find_first_not_of(' ');
               start != std::string::npos && start > 4) {
      text += " " + line.substr(start);
    }
    if (!options.empty() && std::regex_match(text, match, k_usual))
      options.back().usual = match[1];
  }
  return options;
}

// The cells of a row of a Markdown table, without the marks of code.
Arguments cells_of(const std::string& row) {
  Arguments cells(1);
  for (std::size_t i = 1; i + 1 < row.size(); ++i)
    if (row[i] == '\\' && row[i + 1] == '|')
      cells.back() += row[++i];
    else if (row[i] == '|')
      cells.emplace_back();
    else if (row[i] != '`')
      cells.back() += row[i];
  for (std::string& cell : cells) {
    cell.erase(0, cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
  }
  return cells;
}

std::string as_line(const std::string& command, const std::string& name, const std::string& usual) {
  return fmt::format("{} {} [{}]", command, name, usual);
}

// Each option of each command, as the tables of a document tell them.
std::set<std::string> documented_options(const fs::path& document, const Arguments& all) {
  static const std::regex k_separator(", ");
  const Arguments header = {"option", "commands", "default", "meaning"};
  std::set<std::string> found;
  bool in_table = false;
  for (const std::string& line : lines_of(document)) {
    const Arguments cells = line.starts_with('|') ? cells_of(line) : Arguments();
    if (cells.size() != header.size() || cells == header) {
      in_table = cells == header;
    } else if (in_table && cells[0].starts_with('-') && !cells[0].starts_with("---")) {
      INFO(line);
      CHECK_FALSE(cells[3].empty());
      Arguments commands(
          std::sregex_token_iterator(cells[1].begin(), cells[1].end(), k_separator, -1),
          std::sregex_token_iterator());
      for (const std::string& command : cells[1] == "all" ? all : commands)
        CHECK(found.insert(as_line(command, cells[0], cells[2])).second);
    }
  }
  return found;
}

std::set<std::string> without(const std::set<std::string>& all, const std::set<std::string>& some) {
  std::set<std::string> rest;
  std::set_difference(
      all.begin(), all.end(), some.begin(), some.end(), std::inserter(rest, rest.end()));
  return rest;
}

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

// The command lines of a document that start with embedctl: in code blocks, prompt or not, and in
// code within the text. Lines that end in a backslash go on.
std::vector<Arguments> commands_in(const fs::path& document) {
  static const std::regex k_command(R"(^(?:.*&& |\s*(?:\$ )?)embedctl (.*)$)");
  static const std::regex k_inline("`embedctl ([^`]+)`");
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
    else if (!in_block)
      for (std::sregex_iterator each(line.begin(), line.end(), k_inline), end; each != end; ++each)
        commands.push_back(words_of((*each)[1]));
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

TEST_CASE("the table of options and the help of every command say the same", "[e2e]") {
  const Folder folder;
  const std::string overview = run_alone(folder, {"--help"}).out;
  CHECK_THAT(overview, ContainsSubstring("--version"));
  const Arguments commands = names_under(overview, "Commands:");
  REQUIRE(commands.size() >= 6);
  std::set<std::string> shown;
  for (const std::string& command : commands) {
    const std::string help = help_of(folder, command);
    CHECK_THAT(help, ContainsSubstring("EMBEDCTL_"));
    for (const ShownOption& option : options_in(help))
      shown.insert(as_line(command, option.name, option.usual));
  }
  const auto documented =
      documented_options(fs::path(test::source_dir()) / "cli/help/options.md", commands);
  CHECK(without(shown, documented) == std::set<std::string>{});
  CHECK(without(documented, shown) == std::set<std::string>{});
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
  const fs::path source = test::source_dir();
  const std::string overview = run_alone(folder, {"--help"}).out;
  const Arguments topics = names_under(overview, "Topics:");
  std::map<std::string, std::set<std::string>> known; // options of each command
  for (const std::string& command : names_under(overview, "Commands:"))
    for (const ShownOption& option : options_in(help_of(folder, command)))
      for (const std::string& word : words_of(option.name))
        known[command].insert(word.substr(0, word.find(',')));

  std::vector<fs::path> documents = {"README.md", "CONTRIBUTING.md", "batches/README.md"};
  for (const std::string& topic : topics)
    documents.push_back("cli/help/" + topic + ".md");
  REQUIRE(documents.size() > 3);
  for (const fs::path& document : documents) {
    for (const Arguments& command : commands_in(source / document)) {
      Arguments arguments = without_notation(command);
      INFO(document.string() << ": embedctl " << fmt::format("{}", fmt::join(arguments, " ")));
      if (arguments.empty() || arguments == Arguments{"--version"}
          || arguments == Arguments{"--help"})
        continue;
      if (arguments.front() == "help") {
        // COMMAND and TOPIC stand for names.
        if (arguments.size() > 1 && std::islower(static_cast<unsigned char>(arguments[1][0])) != 0)
          CHECK(run_alone(folder, arguments).exit_code == 0);
        continue;
      }
      REQUIRE(known.contains(arguments.front()));
      for (const std::string& word : arguments)
        if (word.starts_with("-")) {
          INFO(word);
          CHECK(known[arguments.front()].contains(word.substr(0, word.find('='))));
        }
      arguments.push_back("--help");
      CHECK(run_alone(folder, arguments).exit_code == 0);
    }
  }
}

} // namespace embedctl::e2e
