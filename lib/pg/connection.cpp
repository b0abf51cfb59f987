#include "pg/connection.hpp"

#include "pg/connecting.hpp"
#include "pg/conninfo.hpp"
#include "pg/error.hpp"
#include "pg/lock_watch.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <new>
#include <vector>

#include <fmt/format.h>

namespace embedctl::pg {

namespace {

struct FreeMemory {
  void operator()(char* memory) const { PQfreemem(memory); }
};
using OwnedText = std::unique_ptr<char, FreeMemory>;

struct FreeCancel {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

} // namespace

std::uint64_t Result::number(int row, int column) const {
  const std::string_view text = at(row, column);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error(ErrorKind::internal, "the database returned something other than a number");
  return value;
}

void Connection::Close::operator()(PGconn* connection) const {
  if (PQtransactionStatus(connection) == PQTRANS_ACTIVE) {
    const std::unique_ptr<PGcancel, FreeCancel> cancel(PQgetCancel(connection));
    std::array<char, 256> message{};
    if (cancel)
      PQcancel(cancel.get(), message.data(), message.size());
  }
  PQfinish(connection);
}

Connection::Connection(const Secret& conninfo, Watch watch)
    : m_conninfo(conninfo), m_watch(watch) {
  constexpr std::chrono::seconds k_at_once{2};
  const Conninfo parsed(conninfo);
  const auto start = std::chrono::steady_clock::now();
  m_connection.reset(connect(parsed));
  if (!m_connection)
    throw std::bad_alloc();
  if (!alive())
    throw_not_connected(m_connection.get(), std::chrono::steady_clock::now() - start < k_at_once);
  PQsetNoticeReceiver(
      m_connection.get(), [](void*, const PGresult*) {}, nullptr);
}

void Connection::fail(const PGresult* result, std::string_view doing) const {
  const auto field = [result](int code) {
    const char* text = PQresultErrorField(result, code);
    return std::string(text != nullptr ? text : "");
  };
  Refusal refusal{field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY)};
  if (!refusal.sqlstate.empty()) {
    refusal.table = field(PG_DIAG_TABLE_NAME);
    refusal.column = field(PG_DIAG_COLUMN_NAME);
    refusal.constraint = field(PG_DIAG_CONSTRAINT_NAME);
    refusal.in_function = !field(PG_DIAG_CONTEXT).empty();
    refusal.by_policy = field(PG_DIAG_SOURCE_FUNCTION) == "ExecWithCheckOptions";
    throw database_error(doing, std::move(refusal));
  }
  if (!alive())
    throw database_error(
        doing, {std::string(k_connection_failure), "the connection to the database was lost"});
  throw Error(
      ErrorKind::internal,
      fmt::format("{}: libpq returned {}", doing, PQresStatus(PQresultStatus(result))));
}

void Connection::wait(std::string_view doing) {
  constexpr std::chrono::seconds k_longest_poll{1};
  if (m_watch.stop == nullptr)
    return; // libpq waits by itself
  LockWatch locks(m_conninfo, PQbackendPID(m_connection.get()), m_watch);
  while (PQisBusy(m_connection.get()) != 0) {
    m_watch.stop->wait_readable(PQsocket(m_connection.get()), k_longest_poll);
    m_watch.stop->throw_if_requested();
    if (PQconsumeInput(m_connection.get()) == 0)
      return; // the result says why
    if (PQisBusy(m_connection.get()) != 0)
      locks.still_waiting(doing);
  }
}

// As PQexec() has it: of several statements the last one's, and before a COPY that one's.
Result Connection::last_result(std::string_view doing) {
  Result last(nullptr);
  for (;;) {
    wait(doing);
    PGresult* const next = PQgetResult(m_connection.get());
    if (next == nullptr)
      break;
    last = Result(next);
    const auto status = PQresultStatus(next);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT
        || PQstatus(m_connection.get()) != CONNECTION_OK)
      break;
  }
  const auto status = PQresultStatus(last.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN
      && status != PGRES_COPY_OUT)
    fail(last.get(), doing);
  return last;
}

Result Connection::run(const std::string& sql, std::string_view doing) {
  if (PQsendQuery(m_connection.get(), sql.c_str()) == 0)
    fail(nullptr, doing);
  return last_result(doing);
}

Result Connection::query(
    const std::string& sql, std::initializer_list<std::string> params, std::string_view doing) {
  std::vector<const char*> values;
  for (const std::string& param : params)
    values.push_back(param.c_str());
  const int sent = PQsendQueryParams(
      m_connection.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
      nullptr, nullptr, 0);
  if (sent == 0)
    fail(nullptr, doing);
  return last_result(doing);
}

void Connection::send(
    const std::string& sql, std::span<const BinaryParam> params, std::string_view doing) {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const BinaryParam& param : params) {
    types.push_back(param.type);
    values.push_back(param.bytes.data());
    lengths.push_back(static_cast<int>(param.bytes.size()));
  }
  const std::vector<int> binary(params.size(), 1);
  const int sent = PQsendQueryParams(
      m_connection.get(), sql.c_str(), static_cast<int>(params.size()), types.data(), values.data(),
      lengths.data(), binary.data(), 0);
  if (sent == 0)
    fail(nullptr, doing);
}

Result Connection::receive(std::string_view doing) {
  return last_result(doing);
}

bool Connection::answered(std::string_view doing) {
  if (PQconsumeInput(m_connection.get()) == 0)
    fail(nullptr, doing);
  return PQisBusy(m_connection.get()) == 0;
}

void Connection::copy_out(
    const std::string& sql,
    const std::function<void(std::string_view bytes)>& take,
    std::string_view doing) {
  run(sql, doing);
  for (;;) {
    char* raw = nullptr;
    const bool waits = m_watch.stop == nullptr; // else a stop could not be heard
    const int size = PQgetCopyData(m_connection.get(), &raw, waits ? 0 : 1);
    const OwnedText bytes(raw);
    if (size < 0)
      break; // the end, or an error: the result below knows
    if (size > 0) {
      take({bytes.get(), static_cast<std::size_t>(size)});
      continue;
    }
    constexpr std::chrono::seconds k_longest_poll{1};
    m_watch.stop->wait_readable(PQsocket(m_connection.get()), k_longest_poll);
    m_watch.stop->throw_if_requested();
    if (PQconsumeInput(m_connection.get()) == 0)
      break;
  }
  receive(doing);
}

void Connection::begin_copy_in(const std::string& sql, std::string_view doing) {
  run(sql, doing);
}

void Connection::put_copy(std::string_view bytes, std::string_view doing) {
  if (PQputCopyData(m_connection.get(), bytes.data(), static_cast<int>(bytes.size())) != 1)
    fail(nullptr, doing);
}

void Connection::end_copy_in(std::string_view doing) {
  if (PQputCopyEnd(m_connection.get(), nullptr) != 1)
    fail(nullptr, doing);
  receive(doing);
}

std::string_view Connection::server_encoding() const {
  const char* encoding = PQparameterStatus(m_connection.get(), "server_encoding");
  return encoding != nullptr ? encoding : "";
}

std::string Connection::quote_identifier(std::string_view name) const {
  const OwnedText quoted(PQescapeIdentifier(m_connection.get(), name.data(), name.size()));
  if (!quoted)
    throw Error(ErrorKind::usage, "a name of the task is not valid UTF-8");
  return quoted.get();
}

std::string Connection::quote_literal(std::string_view text) const {
  const OwnedText quoted(PQescapeLiteral(m_connection.get(), text.data(), text.size()));
  if (!quoted)
    throw Error(ErrorKind::usage, "the scope is not valid UTF-8");
  return quoted.get();
}

Transaction::Transaction(Connection& connection, const std::string& begin, std::string_view doing)
    : m_connection(connection) {
  m_connection.run(begin, doing);
}

Transaction::~Transaction() {
  PGconn* connection = m_connection.m_connection.get();
  const auto status = PQtransactionStatus(connection);
  // The session is in the middle of a COPY, which libpq would otherwise read to its end.
  if (m_open && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR))
    PQclear(PQexec(connection, "ROLLBACK"));
}

void Transaction::commit(std::string_view doing) {
  const Result result = m_connection.run("COMMIT", doing);
  m_open = false;
  // COMMIT of a failed transaction rolls back without an error.
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT")
    throw Error(ErrorKind::database, fmt::format("{}: the server rolled back instead", doing));
}

} // namespace embedctl::pg
