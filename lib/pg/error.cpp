#include "pg/error.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <utility>

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

// The conditions that a row may run into, by Postgres' own names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> k_conditions = {{
    {"22000", "data_exception"},
    {"22001", "string_data_right_truncation"},
    {"22003", "numeric_value_out_of_range"},
    {"22004", "null_value_not_allowed"},
    {"22007", "invalid_datetime_format"},
    {"22008", "datetime_field_overflow"},
    {"22012", "division_by_zero"},
    {"22021", "character_not_in_repertoire"},
    {"22023", "invalid_parameter_value"},
    {"22P02", "invalid_text_representation"},
    {"22P03", "invalid_binary_representation"},
    {"22P05", "untranslatable_character"},
    {"23000", "integrity_constraint_violation"},
    {"23001", "restrict_violation"},
    {"23502", "not_null_violation"},
    {"23503", "foreign_key_violation"},
    {"23505", "unique_violation"},
    {"23514", "check_violation"},
    {"23P01", "exclusion_violation"},
    {"42501", "insufficient_privilege"},
    {"44000", "with_check_option_violation"},
    {"57014", "query_canceled"},
    {"P0001", "raise_exception"},
    {"P0004", "assert_failure"},
}};

std::string_view condition_of(std::string_view sqlstate) {
  for (const auto& [code, name] : k_conditions)
    if (code == sqlstate)
      return name;
  return {};
}

// Classes whose messages quote values, or are raised by functions in their authors' words.
bool quotes_values(std::string_view sqlstate) {
  constexpr std::array<std::string_view, 4> k_classes = {"22", "23", "44", "P0"};
  return std::ranges::find(k_classes, sqlstate.substr(0, 2)) != k_classes.end();
}

// The classes of Postgres' own errors; a function may raise any other.
bool is_standard_class(std::string_view sqlstate) {
  constexpr std::string_view k_classes =
      " 03 08 09 0A 0B 0F 0L 0P 0Z 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44"
      " 53 54 55 57 58 72 F0 HV P0 XX ";
  return k_classes.find(fmt::format(" {} ", sqlstate.substr(0, 2))) != std::string_view::npos;
}

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

std::string described(const Refusal& refusal) {
  const bool standard = is_standard_class(refusal.sqlstate);
  if (standard && !refusal.in_function && !quotes_values(refusal.sqlstate))
    return printable(refusal.message);
  const std::string_view condition = condition_of(refusal.sqlstate);
  std::string text = condition.empty()
                         ? fmt::format("SQLSTATE {}", printable(refusal.sqlstate))
                         : fmt::format("{} (SQLSTATE {})", condition, refusal.sqlstate);
  const auto add = [&text](const char* what, const std::string& name) {
    if (!name.empty())
      text += fmt::format(", {} \"{}\"", what, printable(name));
  };
  add("constraint", refusal.constraint);
  add("column", refusal.column);
  add("table", refusal.table);
  return text;
}

bool is_of_row(const Refusal& refusal) {
  constexpr std::string_view k_too_large = "54000"; // a row or an index entry
  return refusal.by_policy || refusal.sqlstate == k_too_large || quotes_values(refusal.sqlstate)
         || !is_standard_class(refusal.sqlstate);
}

ServerError::ServerError(ErrorKind kind, const std::string& message, Refusal what)
    : Error(kind, message, std::string(hint_for(what.sqlstate))), refusal(std::move(what)) {
  sqlstate = refusal.sqlstate;
}

ServerError database_error(std::string_view doing, Refusal refusal) {
  const std::string message = fmt::format("{}: {}", doing, described(refusal));
  const auto kind =
      is_transient(refusal.sqlstate) ? ErrorKind::unreachable : ErrorKind::database;
  return {kind, message, std::move(refusal)};
}

} // namespace embedctl::pg
