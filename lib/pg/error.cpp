#include "pg/error.hpp"

#include "base/bytes.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

struct Known {
  std::string_view code; // five characters, or the two of a class
  bool transient;
  std::string_view hint;
};

constexpr std::string_view k_again = "no work is lost; run the same command again later";

// An exact code takes precedence over its class, so the order does not matter.
constexpr std::array k_known = {
    Known{"08", true, "check that the database is up and reachable, then run it again"},
    Known{"08P01", false, "is this a Postgres server, and is the pooler in between configured?"},
    Known{"22P02", false, ""},
    Known{"25006", false, "this is a standby or a read-only session: connect to the primary"},
    Known{"25P02", false, ""},
    Known{"25P03", true, k_again},
    Known{"25P04", true, k_again},
    Known{
        "28", false,
        "check the user in DATABASE_URL, the password in PGPASSWORD or ~/.pgpass, and the server's "
        "pg_hba.conf"},
    Known{"3D000", false, "check the database name at the end of DATABASE_URL"},
    Known{"3F000", false, "check the schema's name"},
    Known{"40", true, k_again},
    Known{"40002", false, ""},
    Known{
        "42501", false,
        "ask the table owner to GRANT the user SELECT on the "
        "table and UPDATE on the target column"},
    Known{"42703", false, "the table was changed: compare its columns with what the run expects"},
    Known{"42704", false, "is pgvector still installed? CREATE EXTENSION vector"},
    Known{"42P01", false, "check that DATABASE_URL names the database that has this table"},
    Known{"42804", false, "the table was changed: compare its columns with what the run expects"},
    Known{"53", true, "the server is out of resources; run the same command again later"},
    Known{"53100", false, "the server's disk is full; free some space there, then run it again"},
    Known{"53300", true, "the server has no free connections; run it again later, or use a pooler"},
    Known{"55006", true, k_again},
    Known{"55P03", true, "another session holds a lock on these rows; run it again later"},
    Known{
        "57014", false,
        "the statement was cancelled: by hand, or by a statement_timeout that "
        "is too short"},
    Known{"57P01", true, k_again},
    Known{"57P02", true, k_again},
    Known{"57P03", true, "the server is starting up or shutting down; run it again later"},
    Known{"57P05", true, k_again},
};

const Known* find(std::string_view code) {
  for (const Known& known : k_known)
    if (known.code == code)
      return &known;
  return nullptr;
}

const Known* lookup(std::string_view sqlstate) {
  const Known* exact = find(sqlstate);
  return exact != nullptr ? exact : find(sqlstate.substr(0, 2));
}

} // namespace

bool is_transient(std::string_view sqlstate) {
  const Known* known = lookup(sqlstate);
  return known != nullptr && known->transient;
}

std::string_view hint_for(std::string_view sqlstate) {
  const Known* known = lookup(sqlstate);
  return known != nullptr ? known->hint : std::string_view{};
}

Error database_error(std::string_view doing, std::string_view sqlstate, std::string_view message) {
  Error error(
      is_transient(sqlstate) ? ErrorKind::unreachable : ErrorKind::database,
      fmt::format("{}: {}", doing, printable(message)), std::string(hint_for(sqlstate)));
  error.sqlstate = sqlstate;
  return error;
}

} // namespace embedctl::pg
