#pragma once

#include "base/file.hpp"
#include "base/secret.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace embedctl::cli {

// What is configured outside the command line: the process environment first, then .env. The one
// place that calls getenv. load() changes the process environment and belongs before any thread;
// everything else may be called from any.
class Environment {
public:
  // Reads the file if it is there. Its PG* (for libpq) and EMBEDCTL_* (for the option parser) are
  // put into the process environment where they are not set yet. Throws Error{usage}.
  void load(const fs::path& dotenv);

  // nullopt if set nowhere. An empty variable counts as not set.
  std::optional<std::string> get(const std::string& name) const;

  // The names of all that are set and begin so.
  std::vector<std::string> names(const std::string& prefix) const;

  // DATABASE_URL; empty where libpq's own PG* name the database instead. Throws Error{usage} if
  // nothing does.
  Secret database_url() const;

  // OPENAI_API_KEY, or the content of the file that OPENAI_API_KEY_FILE names. Throws Error{usage}.
  Secret api_key() const;

  // OPENAI_BASE_URL, or OpenAI's own.
  std::string base_url() const;

  std::optional<std::string> organization() const; // OPENAI_ORG_ID
  std::optional<std::string> project() const;      // OPENAI_PROJECT_ID

private:
  std::map<std::string, std::string> m_dotenv;
};

} // namespace embedctl::cli
