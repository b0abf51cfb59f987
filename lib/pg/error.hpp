#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace embedctl::pg {

// What is known about a SQLSTATE. Unlisted codes are not transient and have no hint.
bool is_transient(std::string_view sqlstate); // the same work may succeed if done once more
std::string_view hint_for(std::string_view sqlstate);

// Postgres is unreachable or the connection broke: transient, with no message from the server.
inline constexpr std::string_view k_connection_failure = "08006";

// The server requires a password that is missing or wrong.
inline constexpr std::string_view k_invalid_password = "28P01";

// What a server says of a failed statement. DETAIL, HINT, CONTEXT and the statement are never read:
// they quote rows.
struct Refusal {
  std::string sqlstate;
  std::string message; // the primary message, which may quote a value as well: see described()
  std::string table = {};
  std::string column = {};
  std::string constraint = {};
  bool in_function = false; // raised by a function, such as a trigger's, in its author's words
  bool by_policy = false;   // row-level security refuses the new row
};

// The refusal for people: the server's message only where it cannot quote a value of a row, else
// the condition and the names.
std::string described(const Refusal& refusal);

// Whether another row may be accepted by the same statement.
bool is_of_row(const Refusal& refusal);

class ServerError : public Error {
public:
  ServerError(ErrorKind kind, const std::string& message, Refusal refusal);
  Refusal refusal;
};

// "<doing>: <described>", of kind unreachable if transient and database if not.
ServerError database_error(std::string_view doing, Refusal refusal);

} // namespace embedctl::pg
