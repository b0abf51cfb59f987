#pragma once

#include "base/error.hpp"

#include <string_view>

namespace embedctl::pg {

// What we know about a SQLSTATE. Codes that are not in the table are neither.
bool is_transient(std::string_view sqlstate); // the same work may succeed if done once more
std::string_view hint_for(std::string_view sqlstate);

// Postgres was not reached, or the connection broke: transient, without a word of the server.
inline constexpr std::string_view k_connection_failure = "08006";

// The server wants a password that it was not given, or another one.
inline constexpr std::string_view k_invalid_password = "28P01";

// "<doing>: <message>", of kind unreachable where it is transient and database where it is not.
// `message` is the server's primary message and nothing more: DETAIL and CONTEXT may hold a row.
Error database_error(std::string_view doing, std::string_view sqlstate, std::string_view message);

} // namespace embedctl::pg
