#include "cli/command_line.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/spelling.hpp"
#include "cli/words.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

using Names = std::vector<std::string>;

bool is_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
}

// Variables of the scripts that build and test embedctl.
bool is_of_the_tests(std::string_view variable) {
  constexpr std::array k_prefixes = {
      "EMBEDCTL_TEST_", "EMBEDCTL_TORTURE_", "EMBEDCTL_STRIKE_", "EMBEDCTL_PG_"};
  return std::any_of(k_prefixes.begin(), k_prefixes.end(), [&](const char* prefix) {
    return variable.starts_with(prefix);
  });
}

bool asks_for_help(std::string_view word) {
  return word == "--help" || word == "-h";
}

const Command* find_command(std::string_view name, const std::vector<Command>& commands) {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& command) {
    return command.manual.name == name;
  });
  return found == commands.end() ? nullptr : &*found;
}

std::string or_closest(std::string message, std::string_view word, const Names& candidates) {
  if (const auto meant = closest(word, candidates))
    message += fmt::format("; did you mean {}?", *meant);
  return message;
}

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::usage, message, hint);
}

[[noreturn]] void refuse_first(const std::string& word, const std::vector<Command>& commands) {
  Names names{"help"};
  for (const Command& command : commands)
    names.push_back(command.manual.name);
  const std::string hint = "embedctl help lists the commands";
  const bool stands_too_early =
      std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
        CommonArguments common;
        const OptionSet set = options_of(command, common);
        const std::string name = word.substr(0, word.find('='));
        return set.find(name) || (name.size() == 2 && set.find(name[1]));
      });
  if (is_option(word) && stands_too_early)
    refuse(
        fmt::format("{} comes before the command", printable(word)),
        "write the command first: embedctl COMMAND [options]");
  if (is_option(word))
    refuse(
        or_closest(
            fmt::format("unknown option \"{}\"", printable(word)), word, {"--help", "--version"}),
        hint);
  refuse(or_closest(fmt::format("unknown command \"{}\"", printable(word)), word, names), hint);
}

class CommandParser {
public:
  CommandParser(
      const Command& command,
      const OptionSet& set,
      const std::vector<Command>& commands,
      const Environment& environment)
      : m_command(command), m_set(set), m_commands(commands), m_environment(environment) {}

  void parse(std::vector<std::string> words) {
    const Words split = split_words(std::move(words), m_set);
    if (!split.unknown.empty())
      fail_unknown(split.unknown.front());
    if (!split.without_value.empty())
      fail(split.without_value.front()->name + " needs a value");
    for (const Words::Given& given : split.given)
      take(*given.option, given.values);
    take_variables();
    check_variables();
    check_required();
  }

private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    refuse(
        message,
        hint.empty() ? fmt::format("see embedctl {} --help", m_command.manual.name) : hint);
  }

  [[noreturn]] void fail_unknown(const std::string& argument) const {
    if (!is_option(argument))
      fail(fmt::format("unexpected argument \"{}\"", printable(argument)));
    const std::string word = argument.substr(0, argument.find('='));
    if (const auto other = command_with_option(word))
      fail(fmt::format("{} is an option of {}, not of {}", word, *other, m_command.manual.name));
    Names names{"--help"};
    for (const Option& option : m_set.options())
      names.push_back(option.name);
    fail(or_closest(fmt::format("unknown option \"{}\"", printable(word)), word, names));
  }

  std::optional<std::string> command_with_option(const std::string& name) const {
    for (const Command& other : m_commands) {
      CommonArguments common;
      if (options_of(other, common).find(name))
        return other.manual.name;
    }
    return std::nullopt;
  }

  void take(const Option& option, const std::vector<std::string>& values) {
    if (values.size() > 1 && !option.is_flag())
      fail(option.name + " is given twice");
    m_given.emplace(option.name, option.name);
    for (const std::string& value : values)
      assign(option, value, option.name);
  }

  // What a flag contradicts is hidden; what two variables contradict is found later.
  void take_variables() {
    const Names& required = m_set.required();
    const auto is_required = [&](const std::string& name) {
      return std::find(required.begin(), required.end(), name) != required.end();
    };
    const bool hidden = std::any_of(m_given.begin(), m_given.end(), [&](const auto& given) {
      return is_required(given.first);
    });
    for (const Option& option : m_set.options()) {
      const std::string variable = variable_for(option.name);
      const auto value = m_environment.get(variable);
      if (!value || m_given.contains(option.name) || (hidden && is_required(option.name)))
        continue;
      m_given.emplace(option.name, variable);
      assign(option, *value, variable);
    }
  }

  // A misspelt variable would be ignored, and rows be sent from the wrong folder, say.
  void check_variables() const {
    Names known;
    for (const Command& command : m_commands) {
      CommonArguments common;
      const OptionSet set = options_of(command, common);
      for (const Option& option : set.options())
        known.push_back(variable_for(option.name));
    }
    for (const std::string& name : m_environment.names("EMBEDCTL_"))
      if (!is_of_the_tests(name) && std::find(known.begin(), known.end(), name) == known.end())
        fail(
            or_closest(fmt::format("unknown variable {}", printable(name)), name, known),
            "unset it in the environment or in .env; embedctl help options lists what there is");
  }

  void check_required() const {
    const Names& required = m_set.required();
    if (required.empty())
      return;
    Names given;
    for (const std::string& name : required)
      if (const auto found = m_given.find(name); found != m_given.end())
        given.push_back(found->second);
    if (given.empty() && m_set.needs_one())
      fail(fmt::format("{} is required", fmt::join(required, " or ")));
    if (given.size() > 1)
      fail(fmt::format("{} cannot be used together", fmt::join(given, " and ")));
  }

  void assign(const Option& option, const std::string& value, const std::string& source) const {
    try {
      option.assign(value);
    } catch (const Error& error) {
      fail(fmt::format("{}: {}", source, error.what()), error.hint());
    }
  }

  const Command& m_command;
  const OptionSet& m_set;
  const std::vector<Command>& m_commands;
  const Environment& m_environment;
  std::map<std::string, std::string> m_given; // option -> the flag or variable that gave it
};

} // namespace

HelpRequest
help_request(const std::vector<std::string>& arguments, const std::vector<Command>& commands) {
  using About = HelpRequest::About;
  if (arguments.empty())
    return {About::overview, ""};
  const std::string& first = arguments.front();
  if (first == "--version")
    return {About::version, ""};
  if (asks_for_help(first))
    return {About::overview, ""};
  if (first == "help") {
    const auto name = std::find_if_not(arguments.begin() + 1, arguments.end(), asks_for_help);
    return name == arguments.end() ? HelpRequest{About::overview, ""}
                                   : HelpRequest{About::name, *name};
  }
  if (std::any_of(arguments.begin() + 1, arguments.end(), asks_for_help)
      && find_command(first, commands))
    return {About::command, first};
  return {};
}

OptionSet options_of(const Command& command, CommonArguments& common) {
  OptionSet set;
  command.add_options(set);
  add_common_options(set, common);
  return set;
}

Invocation parse_command_line(
    const std::vector<std::string>& arguments,
    const std::vector<Command>& commands,
    const Environment& environment) {
  if (arguments.empty())
    refuse("no command given", "embedctl help lists the commands");
  Invocation invocation;
  invocation.command = find_command(arguments.front(), commands);
  if (!invocation.command)
    refuse_first(arguments.front(), commands);
  const OptionSet set = options_of(*invocation.command, invocation.common);
  CommandParser(*invocation.command, set, commands, environment)
      .parse({arguments.begin() + 1, arguments.end()});
  return invocation;
}

bool asks_for_json(const std::vector<std::string>& arguments, const Environment& environment) {
  const std::string name = "--json";
  if (std::find(arguments.begin(), arguments.end(), name) != arguments.end())
    return true;
  try {
    const auto value = environment.get(variable_for(name));
    return value && parse_bool(*value);
  } catch (const Error&) {
    return false; // the parser will complain
  }
}

} // namespace embedctl::cli
