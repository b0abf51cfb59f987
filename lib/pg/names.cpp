#include "pg/names.hpp"

#include "pg/connection.hpp"

#include <fmt/format.h>

namespace embedctl::pg {

Names quote_names(const Connection& connection, const Task& task) {
  Names names;
  names.table = quote_table(connection, task.rows.table);
  names.key = connection.quote_identifier(task.rows.key_column);
  names.scope = connection.quote_identifier(task.rows.scope_column);
  names.text = connection.quote_identifier(task.rows.text_column);
  names.target = connection.quote_identifier(task.target.column);
  names.scope_table = quote_table(connection, task.scopes.table);
  names.scope_key = connection.quote_identifier(task.scopes.key_column);
  // A SQL_ASCII server cannot convert; it gives the bytes as they are, or an error.
  names.encoding = connection.server_encoding() == "SQL_ASCII" ? "SQL_ASCII" : "UTF8";
  return names;
}

std::string quote_table(const Connection& connection, std::string_view table) {
  const auto dot = table.find('.');
  if (dot == std::string_view::npos)
    return connection.quote_identifier(table);
  return connection.quote_identifier(table.substr(0, dot)) + "."
         + connection.quote_identifier(table.substr(dot + 1));
}

std::string text_sql(const Names& names) {
  return fmt::format("t.{}::text", names.text);
}

std::string fingerprint_sql(const Names& names) {
  return fmt::format("sha256(convert_to({}, '{}'))", text_sql(names), names.encoding);
}

} // namespace embedctl::pg
