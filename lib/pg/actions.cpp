#include "pg/actions.hpp"

#include "pg/connection.hpp"

namespace embedctl::pg {

void read_actions(
    Connection& connection, const std::string& table_oid, bool is_view, TableShape& shape) {
  const Result found = connection.query(
      "WITH RECURSIVE parts AS (SELECT $1::oid AS oid UNION"
      " SELECT i.inhrelid FROM pg_inherits i JOIN parts ON parts.oid = i.inhparent)"
      " SELECT EXISTS (SELECT FROM parts JOIN pg_trigger t ON t.tgrelid = parts.oid"
      "  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgtype & 16 <> 0)"
      " OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = $1::oid AND r.ev_type = '2'"
      "  AND r.ev_enabled <> 'D'), row_security_active($1::oid)",
      {table_oid}, "cannot look at the table");
  shape.acts_on_update = is_view || found.boolean(0, 0);
  shape.row_security = found.boolean(0, 1);
}

} // namespace embedctl::pg
