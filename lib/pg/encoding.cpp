#include "pg/encoding.hpp"

#include "pg/connection.hpp"

#include <string_view>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot read the texts in their encoding";

// There is no conversion that does not raise an error.
constexpr const char* k_find =
    "DO $$ DECLARE found text := ''; BEGIN"
    " FOR byte IN 128..255 LOOP"
    "  BEGIN"
    "   PERFORM convert(set_byte('\\x00', 0, byte), getdatabaseencoding()::name, 'UTF8');"
    "  EXCEPTION WHEN untranslatable_character OR character_not_in_repertoire THEN"
    "   found := found || chr(byte);"
    "  END;"
    " END LOOP;"
    " PERFORM set_config('embedctl.untranslatable', encode(convert_to(found,"
    "  getdatabaseencoding()::name), 'hex'), true); END $$;"
    " SELECT current_setting('embedctl.untranslatable')";

} // namespace

std::string untranslatable_bytes(Connection& connection) {
  const std::string_view encoding = connection.server_encoding();
  if (encoding == "UTF8" || encoding == "SQL_ASCII")
    return {};
  const Result width = connection.query(
      "SELECT pg_encoding_max_length(encoding) FROM pg_database WHERE datname = current_database()",
      {}, k_doing);
  return width.number(0, 0) == 1 ? connection.run(k_find, k_doing).string(0, 0) : std::string();
}

} // namespace embedctl::pg
