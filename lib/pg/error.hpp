#pragma once

#include "base/error.hpp"

#include <string_view>

namespace embedctl::pg {

// What is known about a SQLSTATE. Unlisted codes are not transient and have no hint.
bool is_transient(std::string_view sqlstate); // the same work may succeed if done once more
std::string_view hint_for(std::string_view sqlstate);

// Postgres is unreachable or the connection broke: transient, with no message from the server.
inline constexpr std::string_view k_connection_failure = "08006";

// The server requires a password that is missing or wrong.
inline constexpr std::string_view k_invalid_password = "28P01";

// "<doing>: <message>", of kind unreachable if transient and database if not. `message` is the
// server's primary message only: DETAIL and CONTEXT may contain a row.
Error database_error(std::string_view doing, std::string_view sqlstate, std::string_view message);

} // namespace embedctl::pg
