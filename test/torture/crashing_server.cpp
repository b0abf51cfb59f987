#include "torture/crashing_server.hpp"

#include "e2e/world.hpp"
#include "support/paths.hpp"

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <stdlib.h>

namespace embedctl::torture {

namespace fs = std::filesystem;

namespace {

constexpr std::chrono::seconds k_longest_stop{60};

} // namespace

CrashingServer::CrashingServer() {
  std::string name = "/tmp/embedctl-pg-XXXXXX"; // short: the socket's path is bounded
  if (::mkdtemp(name.data()) == nullptr)
    throw std::runtime_error("no folder for the server");
  m_folder = name;
  m_url = fmt::format("host={} user=postgres dbname=postgres", m_folder.string());
  script("start");
}

CrashingServer::~CrashingServer() {
  try {
    script("stop");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  std::error_code ignored;
  fs::remove_all(m_folder, ignored);
}

// Without waiting for the disk: this is about sessions that end, not about what outlives a machine.
void CrashingServer::script(const std::string& verb) const {
  test::Command command;
  command.argv = {test::source_dir() + "/scripts/private-postgres", verb, m_folder.string()};
  command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}, {"EMBEDCTL_PG_FAST", "1"}};
  command.folder = "/";
  if (const char* bin = std::getenv("EMBEDCTL_PG_BIN"))
    command.environment["EMBEDCTL_PG_BIN"] = bin;
  const auto outcome = test::Process(command).wait();
  if (outcome.exit_code != 0)
    throw std::runtime_error(outcome.out + outcome.err);
}

std::string CrashingServer::log() const {
  return e2e::content_of(m_folder / "data" / "server.log");
}

std::vector<std::vector<std::string>> CrashingServer::rows(const std::string& sql) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectdb(m_url.c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(
      PQexec(connection.get(), sql.c_str()), PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(fmt::format("{}\n{}", PQerrorMessage(connection.get()), sql));
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& fields = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column)
      fields.emplace_back(PQgetvalue(result.get(), row, column));
  }
  return rows;
}

void CrashingServer::crash() const {
  const fs::path pid_file = m_folder / "data" / "postmaster.pid";
  const auto lines = e2e::lines_of(pid_file);
  if (lines.empty())
    throw std::runtime_error("the server is not running");
  ::kill(static_cast<pid_t>(std::stol(lines.front())), SIGQUIT);
  const auto until = std::chrono::steady_clock::now() + k_longest_stop;
  while (fs::exists(pid_file)) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the server does not stop");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  script("start");
}

int CrashingServer::terminate_all() const {
  return std::stoi(rows("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
                       .at(0)
                       .at(0));
}

} // namespace embedctl::torture
