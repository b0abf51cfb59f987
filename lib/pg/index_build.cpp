#include "pg/index_build.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

// A small index is built before the first of these is over; a large one is not worth asking often.
constexpr Clock::Duration k_first_pause{10};
constexpr Clock::Duration k_longest_pause{1000};

// A question that is answered at once is none about progress.
constexpr Clock::Duration k_worth_asking{500};

// Above this a build has to make do, unless the server itself gives more.
constexpr std::uint64_t k_most_bytes = std::uint64_t{2} << 30;

// For what a parallel build keeps beside the graph.
constexpr std::uint64_t k_margin = std::uint64_t{8} << 20;

constexpr std::string_view k_preparing = "cannot prepare the session for the index";

// Tells how far the server is with an index that another session builds. A server that does not
// say, or has no connection left for the question, is not asked again: the build goes on.
class BuildProgress {
public:
  BuildProgress(
      const Secret& conninfo, std::string builder, std::uint64_t rows, ProgressSink& progress)
      : m_conninfo(conninfo), m_builder(std::move(builder)), m_rows(rows), m_progress(progress) {
    m_progress.expect(Phase::index, {m_rows, 0});
  }
  ~BuildProgress() { m_progress.finish(Phase::index); }
  BuildProgress(const BuildProgress&) = delete;
  BuildProgress& operator=(const BuildProgress&) = delete;

  void ask();

private:
  const Secret& m_conninfo;
  std::string m_builder; // the session's process id; empty once there is no asking
  std::uint64_t m_rows;
  ProgressSink& m_progress;
  std::optional<Connection> m_connection;
  std::uint64_t m_done = 0;
};

void BuildProgress::ask() {
  if (m_builder.empty())
    return;
  try {
    if (!m_connection)
      m_connection.emplace(m_conninfo);
    const Result answer = m_connection->query(
        "SELECT max(tuples_done) FROM pg_stat_progress_create_index WHERE pid = $1", {m_builder},
        "cannot ask how far the index is");
    if (answer.null(0, 0))
      return;
    // Each phase of the server's counts anew.
    const std::uint64_t done = std::min(answer.number(0, 0), m_rows);
    if (done > m_done) {
      m_progress.advance(Phase::index, {done - m_done, 0});
      m_done = done;
    }
  } catch (const Error& error) {
    m_progress.note(NoteLevel::detail, error.what());
    m_connection.reset();
    m_builder.clear();
  }
}

void set(Connection& connection, const char* name, const std::string& value) {
  connection.query("SELECT set_config($1, $2, true)", {name, value}, k_preparing);
}

} // namespace

ServerMemory server_memory(Connection& connection) {
  const Result found = connection.query(
      "SELECT pg_size_bytes(current_setting('maintenance_work_mem')),"
      " pg_size_bytes(current_setting('shared_buffers'))",
      {}, k_preparing);
  return {found.number(0, 0), found.number(0, 1)};
}

// A server tells nothing of its machine but shared_buffers, which by custom are a quarter of the
// memory: twice that is half of it.
std::uint64_t most_build_bytes(const ServerMemory& server) {
  return std::max(server.maintenance_work_mem, std::min(k_most_bytes, 2 * server.shared_buffers));
}

std::uint64_t
build_bytes(const VectorIndex& index, std::uint64_t rows, const ServerMemory& server) {
  const std::uint64_t most = most_build_bytes(server);
  const bool all_fit = index.bytes_per_row == 0 || rows < most / index.bytes_per_row;
  const std::uint64_t useful = all_fit ? rows * index.bytes_per_row + k_margin : most;
  return std::max({server.maintenance_work_mem, index.needed_bytes, std::min(useful, most)});
}

void prepare_build(
    Connection& connection,
    const VectorIndex& index,
    std::uint64_t rows,
    bool modestly,
    ProgressSink& progress) {
  set(connection, "default_tablespace", index.tablespace);
  const std::uint64_t bytes = build_bytes(index, modestly ? 0 : rows, server_memory(connection));
  set(connection, "maintenance_work_mem", fmt::format("{}kB", bytes >> 10));
  if (index.bytes_per_row > 0 && rows > bytes / index.bytes_per_row)
    progress.note(
        NoteLevel::warning,
        fmt::format(
            "a fast build of {} over {} rows needs about {} of memory, and gets {}; a larger"
            " maintenance_work_mem of the server helps",
            printable(index.name), human_count(rows), human_bytes(rows * index.bytes_per_row),
            human_bytes(bytes)));
  if (modestly)
    return set(connection, "max_parallel_maintenance_workers", "0");
  connection.query(
      "SELECT set_config('max_parallel_maintenance_workers',"
      " greatest(current_setting('max_parallel_maintenance_workers')::int,"
      "          current_setting('max_parallel_workers')::int / 2)::text, true)",
      {}, k_preparing);
  // Large vectors are kept outside of the table's own pages, so that a table of few pages, which
  // Postgres finds not worth a worker, may have hours of work.
  set(connection, "min_parallel_table_scan_size", "0");
}

void run_build(
    Connection& connection,
    const VectorIndex& index,
    std::uint64_t rows,
    const Secret& conninfo,
    Clock& clock,
    ProgressSink& progress) {
  const std::string doing = fmt::format("cannot build index {}", printable(index.name));
  const Result session = connection.query("SELECT pg_backend_pid()", {}, doing);
  BuildProgress meter(conninfo, session.string(0, 0), rows, progress);
  connection.send(index.definition, {}, doing);
  for (auto pause = k_first_pause; !connection.answered(doing);
       pause = std::min(2 * pause, k_longest_pause)) {
    clock.sleep_for(pause);
    if (pause >= k_worth_asking)
      meter.ask();
  }
  connection.receive(doing);
}

} // namespace embedctl::pg
