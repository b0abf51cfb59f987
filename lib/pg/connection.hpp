#pragma once

#include "base/secret.hpp"
#include "base/stop.hpp"
#include "core/progress_sink.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace embedctl::pg {

// The result of a statement; views are valid as long as it lives.
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

// A parameter in Postgres' binary format.
struct BinaryParam {
  Oid type;
  std::string_view bytes;
};

// What a session minds while it waits for the server; by default nothing.
struct Watch {
  const StopFlag* stop = nullptr;         // a request ends the wait with Error{interrupted}
  ProgressSink* progress = nullptr;       // told who holds a lock that a statement waits for
  std::chrono::milliseconds patience = {}; // with such a lock, until Error{unreachable}; 0: no end
};

// One Postgres session. Failures throw the Error of error.hpp; `doing` starts the message ("cannot
// write vectors"). Server notices are dropped. Used only inside lib/pg, by one thread.
class Connection {
public:
  // Throws Error{usage} if the text is not a valid conninfo, Error{unreachable} if no server
  // responds, and Error{database} if the server refuses the user or database.
  explicit Connection(const Secret& conninfo, Watch watch = {});

  // False once the session is lost.
  bool alive() const { return PQstatus(m_connection.get()) == CONNECTION_OK; }

  // One or more statements without parameters; returns the last result.
  Result run(const std::string& sql, std::string_view doing);

  // One statement; the server infers the parameter types.
  Result
  query(const std::string& sql, std::initializer_list<std::string> params, std::string_view doing);

  // Starts a statement; the parameters' memory may be reused at once. receive() waits for it.
  void send(const std::string& sql, std::span<const BinaryParam> params, std::string_view doing);
  Result receive(std::string_view doing);

  // Whether receive() would return without waiting.
  bool answered(std::string_view doing);

  // COPY ... TO STDOUT. If `take` throws, the session is unusable.
  void copy_out(
      const std::string& sql,
      const std::function<void(std::string_view bytes)>& take,
      std::string_view doing);

  // COPY ... FROM STDIN.
  void begin_copy_in(const std::string& sql, std::string_view doing);
  void put_copy(std::string_view bytes, std::string_view doing);
  void end_copy_in(std::string_view doing);

  std::string_view server_encoding() const;

  std::string quote_identifier(std::string_view name) const;
  std::string quote_literal(std::string_view text) const;

private:
  friend class Transaction;

  // Waits until libpq has something to say.
  void wait(std::string_view doing);
  Result last_result(std::string_view doing);

  [[noreturn]] void fail(const PGresult* result, std::string_view doing) const;

  // Cancels a running statement before the session closes; the server would otherwise notice only
  // when it next sends data.
  struct Close {
    void operator()(PGconn* connection) const;
  };
  std::unique_ptr<PGconn, Close> m_connection;
  Secret m_conninfo;
  Watch m_watch;
};

// BEGIN; the destructor rolls back unless commit() completed.
class Transaction {
public:
  // `begin` is the BEGIN statement, followed by SET LOCAL where needed. No setting outlives the
  // transaction, so a pooler in transaction mode is safe.
  Transaction(Connection& connection, const std::string& begin, std::string_view doing);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // If this throws an unreachable error, the transaction may still have committed.
  void commit(std::string_view doing);

private:
  Connection& m_connection;
  bool m_open = true;
};

} // namespace embedctl::pg
