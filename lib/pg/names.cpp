#include "pg/names.hpp"

#include "pg/connection.hpp"
#include "pg/encoding.hpp"

#include <fmt/format.h>

namespace embedctl::pg {

Names quote_names(Connection& connection, const Task& task) {
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
  names.untranslatable = untranslatable_bytes(connection);
  return names;
}

std::string quote_table(const Connection& connection, std::string_view table) {
  const auto dot = table.find('.');
  if (dot == std::string_view::npos)
    return connection.quote_identifier(table);
  return connection.quote_identifier(table.substr(0, dot)) + "."
         + connection.quote_identifier(table.substr(dot + 1));
}

namespace {

std::string bytes_sql(const Names& names) {
  const std::string bytes = fmt::format("convert_to(t.{}::text, '{}')", names.text, names.encoding);
  if (names.untranslatable.empty())
    return bytes;
  return fmt::format(
      "CASE WHEN t.{}::text ~ ('[' || convert_from('\\x{}', getdatabaseencoding()::name) || ']')"
      " THEN '\\xff'::bytea ELSE {} END",
      names.text, names.untranslatable, bytes);
}

} // namespace

std::string text_sql(const Names& names) {
  return names.untranslatable.empty() ? fmt::format("t.{}::text", names.text) : bytes_sql(names);
}

std::string fingerprint_sql(const Names& names) {
  return fmt::format("sha256({})", bytes_sql(names));
}

} // namespace embedctl::pg
