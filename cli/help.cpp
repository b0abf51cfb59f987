#include "cli/help.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/spelling.hpp"
#include "cli/command_line.hpp"
#include "cli/format.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

constexpr std::string_view k_what =
    "embedctl fills empty pgvector columns through the OpenAI Batch API.";

constexpr std::size_t k_widest_name = 32; // of an option; a longer one has a line of its own

std::string section(std::string_view title, const TextStyle& style) {
  return "\n" + bold(fmt::format("{}:", title), style) + "\n";
}

// "  name      text", with the text in a column of its own.
std::string
entry(std::string_view name, std::string_view text, std::size_t column, const TextStyle& style) {
  const std::size_t used = 2 + display_width(name) + 2;
  const std::string padding =
      used <= column ? std::string(column - used + 2, ' ') : "\n" + std::string(column, ' ');
  return "  " + bold(name, style) + padding + wrapped(text, column, style.width);
}

std::string spelled(const Option& option) {
  std::string text = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "";
  text += option.name;
  return option.is_flag() ? text : text + " " + option.value;
}

std::string text_of(const Option& option) {
  return option.usual.empty() ? option.text
                              : fmt::format("{} [default: {}]", option.text, option.usual);
}

// A group may be declared in several places; it stands where its first option does.
std::string options_text(const OptionSet& set, const TextStyle& style) {
  std::size_t column = 0;
  std::vector<std::string> groups;
  for (const Option& option : set.options()) {
    column = std::max(column, 2 + std::min(display_width(spelled(option)), k_widest_name) + 2);
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end())
      groups.push_back(option.group);
  }
  std::string text;
  for (const std::string& group : groups) {
    text += section(group, style);
    for (const Option& option : set.options())
      if (option.group == group)
        text += entry(spelled(option), text_of(option), column, style);
  }
  return text + entry("-h, --help", "print this help", column, style);
}

} // namespace

std::string_view Topic::title() const {
  const std::string_view line = markdown.substr(0, markdown.find('\n'));
  return line.substr(std::min(line.find_first_not_of("# "), line.size()));
}

std::string overview(const std::vector<Command>& commands, const TextStyle& style) {
  std::size_t column = 0;
  for (const Command& command : commands)
    column = std::max(column, command.manual.name.size() + 4);
  for (const Topic& topic : topics())
    column = std::max(column, topic.name.size() + 4);

  std::string text = wrapped(k_what, 0, style.width);
  text += section("Usage", style) + "  embedctl COMMAND [options]\n";
  text += section("Commands", style);
  for (const Command& command : commands)
    text += entry(command.manual.name, command.manual.summary, column, style);
  text += section("Topics", style);
  for (const Topic& topic : topics())
    text += entry(topic.name, topic.title(), column, style);
  text += "\nembedctl help COMMAND and embedctl help TOPIC explain one of them.\n"
          "embedctl --version prints the version.\n";
  return text;
}

std::string command_help(const Command& command, const TextStyle& style) {
  const Manual& manual = command.manual;
  CommonArguments common;
  std::string text = wrapped(manual.summary + ".", 0, style.width);
  text += section("Usage", style);
  for (const std::string& line : manual.usage)
    text += "  embedctl " + line + "\n";
  text += options_text(options_of(command, common), style);
  text += section("Examples", style);
  for (const std::string& line : manual.examples)
    text += "  " + line + "\n";
  text += "\n";
  text += wrapped(
      "Every option can also be set in the environment or in .env: --run-dir as EMBEDCTL_RUN_DIR. "
      "An option on the command line comes before the environment, and the environment before "
      ".env.",
      0, style.width);
  return text;
}

std::string
help_on(std::string_view name, const std::vector<Command>& commands, const TextStyle& style) {
  std::string text;
  std::vector<std::string> names;
  for (const Command& command : commands) {
    names.push_back(command.manual.name);
    if (command.manual.name == name)
      text += command_help(command, style);
  }
  for (const Topic& topic : topics()) {
    names.emplace_back(topic.name);
    if (topic.name == name)
      text += (text.empty() ? "" : "\n") + render_markdown(topic.markdown, style);
  }
  if (!text.empty())
    return text;
  const auto meant = closest(name, names);
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "no help on \"{}\"{}", printable(name), meant ? "; did you mean " + *meant + "?" : ""),
      "embedctl help lists the commands and topics");
}

} // namespace embedctl::cli
