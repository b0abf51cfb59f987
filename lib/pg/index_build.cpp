#include "pg/index_build.hpp"

#include "base/bytes.hpp"
#include "pg/index_cost.hpp"
#include "pg/index_progress.hpp"
#include "pg/index_survey.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

// A small index is built before the first of these is over; a large one is not worth asking often.
constexpr Clock::Duration k_first_pause{10};
constexpr Clock::Duration k_longest_pause{1000};

// A question that is answered at once is none about progress.
constexpr Clock::Duration k_worth_asking{500};

constexpr std::string_view k_doing = "cannot ready the session for the index";

} // namespace

IndexBuild::IndexBuild(
    Connection& connection, const Secret& conninfo, Clock& clock, ProgressSink& progress)
    : m_connection(connection), m_conninfo(conninfo), m_clock(clock), m_progress(progress) {}

void IndexBuild::run(
    const VectorIndex& index, const std::string& table, const std::string& column, bool modestly) {
  const std::uint64_t rows =
      m_connection
          .query(
              fmt::format(
                  "SELECT count({}) FROM ONLY {}", m_connection.quote_identifier(column), table),
              {}, k_doing)
          .number(0, 0);
  set_memory_and_workers(index, rows, modestly);
  set("default_tablespace", index.tablespace);
  create(index, rows);
}

void IndexBuild::set(const char* name, const std::string& value) {
  m_connection.query("SELECT set_config($1, $2, true)", {name, value}, k_doing);
}

void IndexBuild::set_memory_and_workers(
    const VectorIndex& index, std::uint64_t rows, bool modestly) {
  const ServerMemory server = server_memory(m_connection);
  const std::uint64_t bytes =
      build_bytes(index.needed_bytes, modestly ? 0 : index.bytes_per_row, rows, server);
  set("maintenance_work_mem", fmt::format("{}kB", bytes >> 10));
  if (index.bytes_per_row > 0 && rows > bytes / index.bytes_per_row)
    m_progress.note(
        NoteLevel::warning,
        fmt::format(
            "the {} rows of index {} want about {} of memory to be built fast, and get {}; a larger"
            " maintenance_work_mem of the server's helps",
            human_count(rows), printable(index.name), human_bytes(rows * index.bytes_per_row),
            human_bytes(bytes)));
  if (modestly)
    return set("max_parallel_maintenance_workers", "0");
  m_connection.query(
      "SELECT set_config('max_parallel_maintenance_workers',"
      " greatest(current_setting('max_parallel_maintenance_workers')::int,"
      "          current_setting('max_parallel_workers')::int / 2)::text, true)",
      {}, k_doing);
  // Large vectors are kept outside of the table's own pages, so that a table of few pages, which
  // Postgres finds not worth a worker, may have hours of work.
  set("min_parallel_table_scan_size", "0");
}

void IndexBuild::create(const VectorIndex& index, std::uint64_t rows) {
  const std::string builder =
      m_connection.query("SELECT pg_backend_pid()", {}, k_doing).string(0, 0);
  const std::string doing = fmt::format("cannot build index {}", printable(index.name));
  IndexProgress progress(m_conninfo, builder, rows, m_progress);
  m_connection.send(index.definition, {}, doing);
  for (auto pause = k_first_pause; !m_connection.answered(doing);
       pause = std::min(2 * pause, k_longest_pause)) {
    m_clock.sleep_for(pause);
    if (pause >= k_worth_asking)
      progress.ask();
  }
  m_connection.receive(doing);
}

} // namespace embedctl::pg
