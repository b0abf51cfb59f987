#include "pg/error.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pg;

TEST_CASE("every known SQLSTATE is transient or not, and says what to do", "[pg]") {
  struct Row {
    const char* sqlstate;
    bool transient;
    const char* hint; // a word of it
  };
  const Row rows[] = {
      {"08000", true, "reachable"},   // connection_exception
      {"08006", true, "reachable"},   // connection_failure
      {"08P01", false, "pooler"},   // protocol_violation
      {"22003", false, ""},         // numeric_value_out_of_range
      {"22P02", false, ""},         // invalid_text_representation
      {"23505", false, ""},         // unique_violation
      {"25006", false, "primary"},  // read_only_sql_transaction
      {"25P03", true, "again"},     // idle_in_transaction_session_timeout
      {"28000", false, "password"}, // invalid_authorization_specification
      {"28P01", false, "password"}, // invalid_password
      {"3D000", false, "database"}, // invalid_catalog_name
      {"40001", true, "again"},     // serialization_failure
      {"40002", false, ""},         // transaction_integrity_constraint_violation
      {"40P01", true, "again"},     // deadlock_detected
      {"42501", false, "GRANT"},    // insufficient_privilege
      {"42601", false, ""},         // syntax_error
      {"42703", false, "columns"},  // undefined_column
      {"42704", false, "pgvector"}, // undefined_object
      {"42804", false, "columns"},  // datatype_mismatch
      {"42P01", false, "database"}, // undefined_table
      {"53100", false, "disk"},     // disk_full
      {"53200", true, "resources"}, // out_of_memory
      {"53300", true, "pooler"},    // too_many_connections
      {"55P03", true, "lock"},      // lock_not_available
      {"57014", false, "timeout"},  // query_canceled
      {"57P01", true, "again"},     // admin_shutdown
      {"57P02", true, "again"},     // crash_shutdown
      {"57P03", true, "starting"},  // cannot_connect_now
      {"P0001", false, ""},         // raise_exception
      {"XX000", false, ""},         // internal_error
  };
  for (const Row& row : rows) {
    INFO(row.sqlstate);
    CHECK(is_transient(row.sqlstate) == row.transient);
    CHECK_THAT(std::string(hint_for(row.sqlstate)), ContainsSubstring(row.hint));
    CHECK(hint_for(row.sqlstate).empty() == std::string_view(row.hint).empty());
  }
}

TEST_CASE("a database error is unreachable only where trying again may help", "[pg]") {
  CHECK(database_error("cannot x", {"40001", "m"}).kind() == ErrorKind::unreachable);
  const Error error = database_error("cannot x", {"42P01", "relation \x1b[2J is gone"});
  CHECK(error.kind() == ErrorKind::database);
  CHECK(error.sqlstate == "42P01");
  CHECK(std::string(error.what()) == "cannot x: relation \\x1b[2J is gone");
}

TEST_CASE("a refusal quotes no value of a row", "[pg]") {
  const auto told = [](Refusal refusal) {
    refusal.message = "canary";
    return described(refusal);
  };
  CHECK(told({"42P01", ""}) == "canary");
  CHECK(told({"22P02", ""}) == "invalid_text_representation (SQLSTATE 22P02)");
  CHECK(told({"P0001", ""}) == "raise_exception (SQLSTATE P0001)");
  CHECK(told({"45000", ""}) == "SQLSTATE 45000");
  CHECK(
      told({"23514", "", "items", "", "is_\x1b"})
      == "check_violation (SQLSTATE 23514), constraint \"is_\\x1b\", table \"items\"");
  Refusal by_function{"42501", ""};
  by_function.in_function = true;
  CHECK(told(by_function) == "insufficient_privilege (SQLSTATE 42501)");
}

TEST_CASE("a row's refusals are told from those of the table", "[pg]") {
  for (const char* sqlstate : {"22003", "22P02", "23505", "23514", "44000", "45000", "54000", "P0001"})
    CHECK(is_of_row({sqlstate, ""}));
  for (const char* sqlstate : {"08006", "40001", "42501", "42703", "42804", "53100", "57014"})
    CHECK_FALSE(is_of_row({sqlstate, ""}));
  Refusal by_policy{"42501", ""};
  by_policy.by_policy = true;
  CHECK(is_of_row(by_policy));
}
