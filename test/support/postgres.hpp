#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace embedctl::test {

// A throw-away database with pgvector, dropped at the end. The first one starts a private server
// that ends with the process, unless EMBEDCTL_TEST_DATABASE_URL names a running one (as its
// superuser). Failures throw std::runtime_error with all that Postgres said.
class TestDatabase {
public:
  // `options` of CREATE DATABASE.
  explicit TestDatabase(std::string_view options = {});
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& url() const { return m_url; }

  // The same database for another user.
  std::string url_for(std::string_view user) const;

  // One or more statements.
  void exec(const std::string& sql) const;

  // The first column of the first row as text; "" for NULL or no row.
  std::string value(const std::string& sql) const;

  // All rows as text; "" for NULL.
  std::vector<std::vector<std::string>> rows(const std::string& sql) const;

private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  std::string m_name;
  std::string m_url;
  std::unique_ptr<PGconn, Finish> m_connection;
};

} // namespace embedctl::test
