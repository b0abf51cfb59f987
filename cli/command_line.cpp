#include "cli/command_line.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/spelling.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

using Words = std::vector<std::string>;

bool is_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-';
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

std::string or_closest(std::string message, std::string_view word, const Words& candidates) {
  if (const auto meant = closest(word, candidates))
    message += fmt::format("; did you mean {}?", *meant);
  return message;
}

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::usage, message, hint);
}

[[noreturn]] void refuse_first(const std::string& word, const std::vector<Command>& commands) {
  Words names{"help"};
  for (const Command& command : commands)
    names.push_back(command.manual.name);
  const std::string hint = "embedctl help lists the commands";
  const bool stands_too_early =
      std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
        CommonOptions common;
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

  void parse(const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const std::string* const next = i + 1 < words.size() ? &words[i + 1] : nullptr;
      if (word.starts_with("--") && word.size() > 2)
        i += take_long(word, next);
      else if (is_option(word))
        i += take_letters(word, next);
      else
        fail(fmt::format("unexpected argument \"{}\"", printable(word)));
    }
    take_variables();
    check_required();
  }

private:
  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    refuse(
        message,
        hint.empty() ? fmt::format("see embedctl {} --help", m_command.manual.name) : hint);
  }

  [[noreturn]] void fail_unknown(const std::string& word) const {
    if (const auto other = command_with_option(word))
      fail(fmt::format("{} is an option of {}, not of {}", word, *other, m_command.manual.name));
    Words names{"--help"};
    for (const Option& option : m_set.options())
      names.push_back(option.name);
    fail(or_closest(fmt::format("unknown option \"{}\"", printable(word)), word, names));
  }

  std::optional<std::string> command_with_option(const std::string& name) const {
    for (const Command& other : m_commands) {
      CommonOptions common;
      if (options_of(other, common).find(name))
        return other.manual.name;
    }
    return std::nullopt;
  }

  // Returns how many of the words that follow were taken.
  std::size_t take_long(const std::string& word, const std::string* next) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* const option = m_set.find(name);
    if (!option)
      fail_unknown(name);
    if (equals != word.npos)
      return take_value(*option, word.substr(equals + 1)), 0;
    return take_next(*option, next);
  }

  // "-q", "-qv"; no option with a letter has a value.
  std::size_t take_letters(const std::string& word, const std::string* next) {
    std::size_t taken = 0;
    for (const char letter : word.substr(1)) {
      const Option* const option = m_set.find(letter);
      if (!option)
        fail_unknown(word);
      taken = take_next(*option, next);
    }
    return taken;
  }

  std::size_t take_next(const Option& option, const std::string* next) {
    if (option.is_flag())
      return take_value(option, "true"), 0;
    // Another option is no value, but a negative number is one, if a wrong one.
    if (!next || (is_option(*next) && !(next->at(1) >= '0' && next->at(1) <= '9')))
      fail(option.name + " needs a value");
    return take_value(option, *next), 1;
  }

  void take_value(const Option& option, const std::string& value) {
    if (value.empty())
      fail(option.name + " needs a value");
    if (!m_given.emplace(option.name, option.name).second && !option.is_flag())
      fail(option.name + " is given twice");
    assign(option, value, option.name);
  }

  // What a flag contradicts is hidden; what two variables contradict is found later.
  void take_variables() {
    const Words& required = m_set.required();
    const auto is_required = [&](const std::string& name) {
      return std::find(required.begin(), required.end(), name) != required.end();
    };
    const bool hidden = std::any_of(m_given.begin(), m_given.end(), [&](const auto& given) {
      return is_required(given.first);
    });
    for (const Option& option : m_set.options()) {
      const std::string variable = variable_for(option.name);
      const auto value = m_environment.get_filled(variable);
      if (!value || m_given.contains(option.name) || (hidden && is_required(option.name)))
        continue;
      m_given.emplace(option.name, variable);
      assign(option, *value, variable);
    }
  }

  void check_required() const {
    const Words& required = m_set.required();
    if (required.empty())
      return;
    Words given;
    for (const std::string& name : required)
      if (const auto found = m_given.find(name); found != m_given.end())
        given.push_back(found->second);
    if (given.empty())
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

OptionSet options_of(const Command& command, CommonOptions& common) {
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
    refuse("no command is given", "embedctl help lists the commands");
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
    const auto value = environment.get_filled(variable_for(name));
    return value && parse_bool(*value);
  } catch (const Error&) {
    return false; // the parser will complain
  }
}

} // namespace embedctl::cli
