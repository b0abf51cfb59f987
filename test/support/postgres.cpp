#include "support/postgres.hpp"

#include "support/paths.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

#include <fmt/format.h>

namespace embedctl::test {

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

std::string output_of(const std::string& command) {
  const auto close = [](FILE* pipe) { pclose(pipe); };
  std::unique_ptr<FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
  std::string out;
  std::array<char, 4096> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr)
    out += buffer.data();
  while (out.ends_with('\n'))
    out.pop_back();
  return out;
}

class PrivateServer {
public:
  PrivateServer() {
    std::string name = "/tmp/embedctl-pg-XXXXXX"; // short: the socket's path is bounded
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no temporary folder for the test server");
    m_folder = name;
    m_url = script("start");
    if (m_url.empty())
      throw std::runtime_error("the private Postgres did not start");
  }
  ~PrivateServer() {
    script("stop");
    std::error_code ignored;
    std::filesystem::remove_all(m_folder, ignored);
  }
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  const std::string& url() const { return m_url; }

  std::string script(std::string_view verb) const {
    return output_of(fmt::format(
        "EMBEDCTL_PG_FAST=1 '{}/scripts/private-postgres' {} '{}'", source_dir(), verb, m_folder));
  }

private:
  std::string m_folder;
  std::string m_url;
};

const PrivateServer& private_server() {
  static const PrivateServer server;
  return server;
}

std::string server_url() {
  const char* given = std::getenv("EMBEDCTL_TEST_DATABASE_URL");
  return given != nullptr && *given != '\0' ? given : private_server().url();
}

// The URL with another user or database; empty keeps the one it has.
std::string changed_url(const std::string& url, std::string_view user, std::string_view database) {
  const auto free = [](PQconninfoOption* options) { PQconninfoFree(options); };
  const std::unique_ptr<PQconninfoOption, decltype(free)> options(
      PQconninfoParse(url.c_str(), nullptr), free);
  if (!options)
    throw std::runtime_error("the test server's URL cannot be understood");
  std::string out;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    std::string_view value = option->val != nullptr ? option->val : "";
    if (keyword == "user" && !user.empty())
      value = user;
    if (keyword == "dbname" && !database.empty())
      value = database;
    if (!value.empty())
      out += fmt::format("{}='{}' ", keyword, value);
  }
  return out;
}

PGconn* connect(const std::string& url) {
  PGconn* connection = PQconnectdb(url.c_str());
  if (PQstatus(connection) != CONNECTION_OK) {
    const std::string message = PQerrorMessage(connection);
    PQfinish(connection);
    throw std::runtime_error(message);
  }
  PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  return connection;
}

Result execute(PGconn* connection, const std::string& sql) {
  Result result(PQexec(connection, sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(fmt::format("{}\n{}", PQerrorMessage(connection), sql));
  return result;
}

void execute_on_server(const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(connect(server_url()), PQfinish);
  execute(connection.get(), sql);
}

} // namespace

TestDatabase::TestDatabase(std::string_view options) {
  static int count = 0;
  m_name = fmt::format("embedctl_test_{}_{}", getpid(), ++count);
  execute_on_server(fmt::format("CREATE DATABASE {} {}", m_name, options));
  m_url = changed_url(server_url(), {}, m_name);
  m_connection.reset(connect(m_url));
  exec("CREATE EXTENSION vector");
}

TestDatabase::~TestDatabase() {
  m_connection.reset();
  try {
    execute_on_server("DROP DATABASE " + m_name + " WITH (FORCE)");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

std::string TestDatabase::url_for(std::string_view user) const {
  return changed_url(m_url, user, {});
}

void TestDatabase::exec(const std::string& sql) const {
  execute(m_connection.get(), sql);
}

std::string TestDatabase::value(const std::string& sql) const {
  const Result result = execute(m_connection.get(), sql);
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

std::vector<std::vector<std::string>> TestDatabase::rows(const std::string& sql) const {
  const Result result = execute(m_connection.get(), sql);
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& fields = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column)
      fields.emplace_back(PQgetvalue(result.get(), row, column));
  }
  return rows;
}

} // namespace embedctl::test
