#include "cli/command_line.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr const char* k_version = "embedctl " EMBEDCTL_VERSION "\n";
constexpr const char* k_footer =
    "Every option can also come from the environment or from .env: --run-dir as EMBEDCTL_RUN_DIR.";

// The same text from every release of CLI11, and without the name of a variable behind every
// option: the footer tells the rule.
class HelpFormatter : public CLI::Formatter {
public:
  HelpFormatter() {
    label("SUBCOMMAND", "COMMAND");
    column_width(34);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0) {
      // "UINT:UINT in [1 - 9]", "TEXT:{a,b}": what a validator says of itself says it all.
      const std::string type = option->get_type_name();
      text += " " + type.substr(type.find(':') + 1);
      if (!option->get_default_str().empty())
        text += " [" + option->get_default_str() + "]";
    }
    return text + (option->get_required() ? " (required)" : "");
  }
};

std::string names_of(const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs)
    names.push_back(verb.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// Newer CLI11 passes over a variable that its option refuses, and would so forget a --limit. What
// was passed over is given once more, which throws CLI11's own complaint.
void insist_on_variables(CLI::App& app, const Environment& environment) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_envname().empty() || option->count() > 0)
      continue;
    if (const auto value = environment.get_filled(option->get_envname())) {
      option->add_result(*value);
      option->run_callback();
    }
  }
}

class CommandLine {
public:
  CommandLine(const std::vector<Verb>& verbs, const Environment& environment)
      : m_verbs(verbs), m_environment(environment) {
    m_app.formatter(std::make_shared<HelpFormatter>());
    m_app.set_help_flag("-h,--help", "Print this help");
    m_app.set_version_flag("--version", k_version, "Print the version");
    m_app.require_subcommand(1);
    m_app.footer(k_footer);
    for (const Verb& verb : verbs)
      add_verb(verb);
  }

  Invocation parse(std::vector<std::string> arguments) {
    const bool informs = asks_for_information(arguments);
    // CLI11 takes them from the back.
    std::reverse(arguments.begin(), arguments.end());
    try {
      m_app.parse(std::move(arguments));
      insist_on_variables(*chosen(), m_environment);
    } catch (const CLI::CallForHelp&) {
      return {nullptr, m_common, m_app.help()};
    } catch (const CLI::CallForVersion&) {
      return {nullptr, m_common, k_version};
    } catch (const CLI::ParseError& error) {
      // A variable that an option refuses is looked at before the help is given.
      if (informs)
        return {nullptr, m_common, m_app.help()};
      refuse(error);
    }
    const auto verb = std::find_if(m_verbs.begin(), m_verbs.end(), [&](const Verb& candidate) {
      return candidate.name == chosen()->get_name();
    });
    return {&*verb, m_common, ""};
  }

private:
  // A verb's options are added when its name turns up: the other verbs' variables are none of its
  // business, and the rest need not be built for it.
  void add_verb(const Verb& verb) {
    CLI::App* const app = m_app.add_subcommand(verb.name, verb.text);
    app->group("Commands");
    app->preparse_callback([this, &verb, app](std::size_t) {
      verb.add_options(*app);
      add_common_options(*app, m_common);
    });
  }

  CLI::App* chosen() const {
    const auto found = m_app.get_subcommands();
    return found.empty() ? nullptr : found.front();
  }

  [[noreturn]] void refuse(const CLI::ParseError& error) const {
    if (const CLI::App* const verb = chosen())
      refuse_of(*verb, error);
    const std::string hint =
        fmt::format("the commands are {}; see embedctl --help", names_of(m_verbs));
    const std::vector<std::string> extra = m_app.remaining();
    if (extra.empty())
      throw Error(ErrorKind::usage, "no command is given", hint);
    const char* const what = extra.front().starts_with('-') ? "option" : "command";
    throw Error(
        ErrorKind::usage, fmt::format("unknown {} \"{}\"", what, printable(extra.front())), hint);
  }

  [[noreturn]] void refuse_of(const CLI::App& verb, const CLI::ParseError& error) const {
    const std::string& name = verb.get_name();
    const std::string hint = fmt::format("see embedctl {} --help", name);
    if (const auto before = m_app.remaining(); !before.empty())
      throw Error(
          ErrorKind::usage,
          fmt::format("\"{}\" stands before \"{}\"", printable(before.front()), name),
          fmt::format("options come after the command; {}", hint));
    if (const auto extra = verb.remaining(); !extra.empty())
      throw Error(
          ErrorKind::usage, fmt::format("{} does not know \"{}\"", name, printable(extra.front())),
          hint);
    throw Error(ErrorKind::usage, printable(error.what()), hint);
  }

  const std::vector<Verb>& m_verbs;
  const Environment& m_environment;
  CommonOptions m_common;
  CLI::App m_app{"Fills empty pgvector columns through the OpenAI Batch API.", "embedctl"};
};

} // namespace

Invocation parse_command_line(
    const std::vector<std::string>& arguments,
    const std::vector<Verb>& verbs,
    const Environment& environment) {
  return CommandLine(verbs, environment).parse(arguments);
}

bool asks_for_information(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
    return argument == "--help" || argument == "-h" || argument == "--version";
  });
}

bool asks_for_json(const std::vector<std::string>& arguments, const Environment& environment) {
  const std::string variable = environment.get(variable_for("--json")).value_or("");
  return std::find(arguments.begin(), arguments.end(), "--json") != arguments.end()
         || variable == "1" || variable == "true" || variable == "yes" || variable == "on";
}

} // namespace embedctl::cli
