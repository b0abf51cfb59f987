#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace embedctl::pg {

// What a statement gave back; the views live as long as it does.
class Result {
public:
  explicit Result(PGresult* result) : m_result(result) {}

  int rows() const { return PQntuples(m_result.get()); }
  bool null(int row, int column) const { return PQgetisnull(m_result.get(), row, column) != 0; }
  std::string_view at(int row, int column) const {
    return {
        PQgetvalue(m_result.get(), row, column),
        static_cast<std::size_t>(PQgetlength(m_result.get(), row, column))};
  }
  std::string string(int row, int column) const { return std::string(at(row, column)); }
  bool boolean(int row, int column) const { return at(row, column) == "t"; }
  std::uint64_t number(int row, int column) const;

  PGresult* get() const { return m_result.get(); }

private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> m_result;
};

// A parameter in Postgres' binary form.
struct BinaryParam {
  Oid type;
  std::string_view bytes;
};

// One session with Postgres. What fails throws the Error of error.hpp; `doing` begins its message
// ("cannot write vectors"). Notices of the server are dropped. Used inside lib/pg only, and by
// one thread.
class Connection {
public:
  // Throws Error{usage} for text that is no conninfo, Error{unreachable} if no server answers, and
  // Error{database} if the server refuses user or database.
  explicit Connection(const Secret& conninfo);

  // False once the session is gone for good.
  bool alive() const { return PQstatus(m_connection.get()) == CONNECTION_OK; }

  // One or more statements without parameters; the result of the last.
  Result run(const std::string& sql, std::string_view doing);

  // One statement; the server finds out the parameters' types.
  Result
  query(const std::string& sql, std::initializer_list<std::string> params, std::string_view doing);

  // Begins a statement; the parameters' bytes may be reused at once. receive() waits for it.
  void send(const std::string& sql, std::span<const BinaryParam> params, std::string_view doing);
  Result receive(std::string_view doing);

  // Whether receive() would have nothing to wait for.
  bool answered(std::string_view doing);

  // COPY ... TO STDOUT. If `take` throws, the session is of no more use.
  void copy_out(
      const std::string& sql,
      const std::function<void(std::string_view bytes)>& take,
      std::string_view doing);

  // COPY ... FROM STDIN.
  void begin_copy_in(const std::string& sql, std::string_view doing);
  void put_copy(std::string_view bytes, std::string_view doing);
  void end_copy_in(std::string_view doing);

  std::string quote_identifier(std::string_view name) const;
  std::string quote_literal(std::string_view text) const;

private:
  friend class Transaction;

  [[noreturn]] void fail(const PGresult* result, std::string_view doing) const;
  Result checked(PGresult* result, ExecStatusType expected, std::string_view doing) const;

  // Asks the server to stop what it is still doing for us before the session is closed; else it
  // would notice only when it next has something to send.
  struct Close {
    void operator()(PGconn* connection) const;
  };
  std::unique_ptr<PGconn, Close> m_connection;
};

// BEGIN; the destructor rolls back what commit() did not complete.
class Transaction {
public:
  // `begin` is the BEGIN statement, with SET LOCAL after it where needed. Nothing is set for
  // longer than the transaction, so that a pooler in transaction mode does no harm.
  Transaction(Connection& connection, const std::string& begin, std::string_view doing);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // When this throws an unreachable error, the transaction may have been committed all the same.
  void commit(std::string_view doing);

private:
  Connection& m_connection;
  bool m_open = true;
};

} // namespace embedctl::pg
