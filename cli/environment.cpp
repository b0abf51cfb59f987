#include "cli/environment.hpp"

#include "base/error.hpp"
#include "cli/dotenv.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace embedctl::cli {

namespace {

// Far above any real one; a mistaken path to something huge is refused early.
constexpr std::uint64_t k_largest_dotenv = 256 * 1024;
constexpr std::uint64_t k_largest_key_file = 16 * 1024;

constexpr const char* k_default_base_url = "https://api.openai.com/v1";

// Any of these is a sign that libpq is meant to find the database by itself.
constexpr std::array k_libpq_variables = {"PGHOST",     "PGHOSTADDR", "PGSERVICE",
                                          "PGDATABASE", "PGPORT",     "PGUSER"};

// An empty variable counts as not set.
std::optional<std::string> process_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// Configuration that cannot be read is a mistake of set-up, whatever the system's reason.
std::optional<std::string> read_configuration(const fs::path& path, std::uint64_t limit) {
  try {
    return read_file_if_any(path, limit);
  } catch (const Error& error) {
    throw Error(ErrorKind::usage, error.what(), error.hint());
  }
}

std::string trimmed(const std::string& text) {
  constexpr const char* k_white_space = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(k_white_space);
  if (first == std::string::npos)
    return "";
  return text.substr(first, text.find_last_not_of(k_white_space) - first + 1);
}

// A key goes into a header; a line break in it would forge another header.
Secret checked_key(const std::string& content, const std::string& where) {
  const std::string key = trimmed(content);
  if (key.empty())
    throw Error(
        ErrorKind::usage, fmt::format("{} is empty", where),
        "put the API key of your project there; keys are made in the provider's dashboard");
  if (!std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; }))
    throw Error(
        ErrorKind::usage,
        fmt::format("{} contains white space or a character that is not allowed in a key", where),
        "it must be the key alone: one line, no quotes, no variable name before it");
  return Secret(key);
}

} // namespace

void Environment::load(const fs::path& dotenv) {
  const auto text = read_configuration(dotenv, k_largest_dotenv);
  if (!text)
    return;
  m_dotenv = parse_dotenv(*text, dotenv.string());
  for (const auto& [name, value] : m_dotenv)
    if ((name.starts_with("PG") || name.starts_with("EMBEDCTL_")) && !process_variable(name))
      ::setenv(name.c_str(), value.c_str(), 1);
}

std::optional<std::string> Environment::get(const std::string& name) const {
  if (auto value = process_variable(name))
    return value;
  const auto found = m_dotenv.find(name);
  return found != m_dotenv.end() && !found->second.empty() ? std::optional(found->second)
                                                           : std::nullopt;
}

std::vector<std::string> Environment::names(const std::string& prefix) const {
  std::vector<std::string> found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view assignment(*variable);
    const std::size_t end = std::min(assignment.find('='), assignment.size());
    if (assignment.starts_with(prefix) && end + 1 < assignment.size())
      found.emplace_back(assignment.substr(0, end));
  }
  return found;
}

Secret Environment::database_url() const {
  if (auto url = get("DATABASE_URL"))
    return Secret(*std::move(url));
  if (std::any_of(k_libpq_variables.begin(), k_libpq_variables.end(), [&](const char* name) {
        return get(name).has_value();
      }))
    return Secret();
  throw Error(
      ErrorKind::usage, "DATABASE_URL is not set",
      "set it in the environment or in .env, as in DATABASE_URL=postgresql://user@host/db");
}

Secret Environment::api_key() const {
  constexpr const char* k_key = "OPENAI_API_KEY";
  constexpr const char* k_file = "OPENAI_API_KEY_FILE";
  // Either one in the process environment hides both of .env.
  const bool from_process = process_variable(k_key) || process_variable(k_file);
  const auto key = from_process ? process_variable(k_key) : get(k_key);
  const auto file = from_process ? process_variable(k_file) : get(k_file);
  if (key && file)
    throw Error(
        ErrorKind::usage, fmt::format("both {} and {} are set", k_key, k_file),
        "keep only one, so that it is clear who pays");
  if (file) {
    const auto content = read_configuration(*file, k_largest_key_file);
    if (!content)
      throw Error(
          ErrorKind::usage, fmt::format("\"{}\", which {} names, does not exist", *file, k_file),
          "put the API key there, or name another file");
    return checked_key(*content, fmt::format("\"{}\", which {} names,", *file, k_file));
  }
  if (key)
    return checked_key(*key, k_key);
  throw Error(
      ErrorKind::usage, fmt::format("{} is not set", k_key),
      fmt::format("set it in the environment or in .env, or name a file in {}", k_file));
}

std::string Environment::base_url() const {
  return get("OPENAI_BASE_URL").value_or(k_default_base_url);
}

std::optional<std::string> Environment::organization() const {
  return get("OPENAI_ORG_ID");
}

std::optional<std::string> Environment::project() const {
  return get("OPENAI_PROJECT_ID");
}

} // namespace embedctl::cli
