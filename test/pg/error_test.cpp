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
  CHECK(database_error("cannot x", "40001", "m").kind() == ErrorKind::unreachable);
  const Error error = database_error("cannot x", "42P01", "relation \x1b[2J is gone");
  CHECK(error.kind() == ErrorKind::database);
  CHECK(error.sqlstate == "42P01");
  CHECK(std::string(error.what()) == "cannot x: relation \\x1b[2J is gone");
}
