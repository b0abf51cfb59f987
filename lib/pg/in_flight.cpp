#include "pg/in_flight.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/big_endian.hpp"
#include "pg/connection.hpp"

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

constexpr std::string_view k_doing = "cannot leave out the rows in flight";
constexpr std::string_view k_table = "pg_temp.embedctl_in_flight";

// Big enough that a call of libpq is cheap per row, small enough not to matter in memory.
constexpr std::size_t k_piece = 64 * 1024;

void append_row(std::string& out, std::uint32_t holder, std::string_view key) {
  constexpr std::uint16_t k_columns = 2;
  const std::size_t at = out.size();
  out.resize(at + sizeof k_columns + 3 * sizeof(std::uint32_t));
  char* to = store_big_endian(out.data() + at, k_columns);
  to = store_big_endian(to, static_cast<std::uint32_t>(sizeof holder));
  to = store_big_endian(to, holder);
  store_big_endian(to, static_cast<std::uint32_t>(key.size()));
  out += key;
}

} // namespace

InFlightTable::InFlightTable(Connection& connection, const std::vector<InFlight>& holders)
    : m_connection(connection), m_holders(holders.size()) {
  load(holders);
}

void InFlightTable::create() {
  const Result found = m_connection.query(
      "SELECT has_database_privilege(current_database(), 'TEMPORARY'),"
      " quote_ident(current_database()), quote_ident(current_user)",
      {}, k_doing);
  if (!found.boolean(0, 0)) {
    Error error(
        ErrorKind::database,
        fmt::format(
            "{}: this role may not create temporary tables in database {}", k_doing,
            printable(found.string(0, 1))),
        fmt::format(
            "as its owner, run: GRANT TEMPORARY ON DATABASE {} TO {}; nothing was sent",
            printable(found.string(0, 1)), printable(found.string(0, 2))));
    error.sqlstate = "42501";
    throw error;
  }
  m_connection.run(
      fmt::format("CREATE TEMPORARY TABLE {} (holder integer, key text) ON COMMIT DROP", k_table),
      k_doing);
  m_connection.begin_copy_in(fmt::format("COPY {} FROM STDIN (FORMAT binary)", k_table), k_doing);
  m_empty = false;
}

void InFlightTable::load(const std::vector<InFlight>& holders) {
  // Signature, no flags, no header extension.
  std::string piece("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (std::size_t holder = 0; holder < holders.size(); ++holder)
    holders[holder].keys([&](std::string_view key) {
      if (m_empty)
        create();
      append_row(piece, static_cast<std::uint32_t>(holder), key);
      if (piece.size() >= k_piece) {
        m_connection.put_copy(piece, k_doing);
        piece.clear();
      }
    });
  if (m_empty)
    return;
  piece += "\xff\xff"; // the end
  m_connection.put_copy(piece, k_doing);
  m_connection.end_copy_in(k_doing);
  m_connection.run(fmt::format("ANALYZE {}", k_table), k_doing);
}

std::string InFlightTable::leave_out_sql(const Names& names) const {
  if (m_empty)
    return {};
  return fmt::format(
      " AND NOT EXISTS (SELECT FROM {} f WHERE f.key = t.{}::text)", k_table, names.key);
}

std::vector<std::uint64_t>
InFlightTable::count_left_out(const Names& names, const std::string& condition) {
  std::vector<std::uint64_t> counts(m_holders);
  if (m_empty)
    return counts;
  const Result result = m_connection.run(
      fmt::format(
          "SELECT holder, count(*) FROM (SELECT min(f.holder) AS holder FROM {} t"
          " JOIN {} f ON f.key = t.{}::text WHERE {} GROUP BY f.key) counted GROUP BY holder",
          names.table, k_table, names.key, condition),
      k_doing);
  for (int row = 0; row < result.rows(); ++row)
    counts.at(result.number(row, 0)) = result.number(row, 1);
  return counts;
}

} // namespace embedctl::pg
