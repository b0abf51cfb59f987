#include "pg/connection.hpp"

#include "pg/conninfo.hpp"
#include "pg/error.hpp"

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

PGconn* connect(const Conninfo& conninfo) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : conninfo.options()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectdbParams(keywords.data(), values.data(), 0);
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5
         && text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}

struct ServerWord {
  std::string sqlstate;
  std::string message;
};

// "...: FATAL:  28P01: password authentication failed\nLOCATION: ...", the severity translated.
ServerWord word_of_refusal(std::string_view verbose) {
  for (auto at = verbose.find(":  "); at != std::string_view::npos;
       at = verbose.find(":  ", at + 1)) {
    const std::string_view rest = verbose.substr(at + 3);
    if (is_sqlstate(rest.substr(0, 5)) && rest.substr(5).starts_with(": "))
      return {
          std::string(rest.substr(0, 5)), std::string(rest.substr(7, rest.substr(7).find('\n')))};
  }
  return {};
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

[[noreturn]] void throw_not_connected(PGconn* connection, bool answered_at_once) {
  constexpr std::string_view k_doing = "cannot connect to the database";
  const std::string plain = first_line(PQerrorMessage(connection));
  // The server asked for a password and libpq had none; the server does not count that as an error.
  if (PQconnectionNeedsPassword(connection) != 0)
    throw database_error(k_doing, k_invalid_password, "the server asks for a password");
  // libpq gives the SQLSTATE of a refused connection only in its message text, and only if verbose
  // errors were set before connecting. A refusal comes at once; a server that does not respond is
  // not worth a second wait.
  if (answered_at_once) {
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    PQreset(connection);
    const ServerWord word = word_of_refusal(PQerrorMessage(connection));
    if (!word.sqlstate.empty())
      throw database_error(k_doing, word.sqlstate, word.message);
  }
  throw database_error(k_doing, k_connection_failure, plain);
}

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

Connection::Connection(const Secret& conninfo) {
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
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (sqlstate != nullptr && message != nullptr)
    throw database_error(doing, sqlstate, message);
  if (!alive())
    throw database_error(doing, k_connection_failure, "the connection to the database was lost");
  throw Error(
      ErrorKind::internal,
      fmt::format("{}: libpq returned {}", doing, PQresStatus(PQresultStatus(result))));
}

Result Connection::checked(PGresult* raw, ExecStatusType expected, std::string_view doing) const {
  Result result(raw);
  if (PQresultStatus(raw) != expected)
    fail(raw, doing);
  return result;
}

Result Connection::run(const std::string& sql, std::string_view doing) {
  Result result(PQexec(m_connection.get(), sql.c_str()));
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    fail(result.get(), doing);
  return result;
}

Result Connection::query(
    const std::string& sql, std::initializer_list<std::string> params, std::string_view doing) {
  std::vector<const char*> values;
  for (const std::string& param : params)
    values.push_back(param.c_str());
  PGresult* result = PQexecParams(
      m_connection.get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
      nullptr, nullptr, 0);
  return checked(result, PGRES_TUPLES_OK, doing);
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
  Result result(PQgetResult(m_connection.get()));
  while (PGresult* more = PQgetResult(m_connection.get()))
    PQclear(more);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    fail(result.get(), doing);
  return result;
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
  checked(PQexec(m_connection.get(), sql.c_str()), PGRES_COPY_OUT, doing);
  for (;;) {
    char* raw = nullptr;
    const int size = PQgetCopyData(m_connection.get(), &raw, 0);
    const OwnedText bytes(raw);
    if (size <= 0)
      break; // the end, or an error: the result below knows
    take({bytes.get(), static_cast<std::size_t>(size)});
  }
  receive(doing);
}

void Connection::begin_copy_in(const std::string& sql, std::string_view doing) {
  checked(PQexec(m_connection.get(), sql.c_str()), PGRES_COPY_IN, doing);
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
