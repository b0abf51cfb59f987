#include "pg/connecting.hpp"

#include "pg/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pg {

namespace {

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

} // namespace

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

void throw_not_connected(PGconn* connection, bool answered_at_once) {
  constexpr std::string_view k_doing = "cannot connect to the database";
  const std::string plain = first_line(PQerrorMessage(connection));
  // The server asked for a password and libpq had none; the server does not count that as an error.
  if (PQconnectionNeedsPassword(connection) != 0)
    throw database_error(
        k_doing, {std::string(k_invalid_password), "the server asks for a password"});
  // libpq gives the SQLSTATE of a refused connection only in its message text, and only if verbose
  // errors were set before connecting. A refusal comes at once; a server that does not respond is
  // not worth a second wait.
  if (answered_at_once) {
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    PQreset(connection);
    const ServerWord word = word_of_refusal(PQerrorMessage(connection));
    if (!word.sqlstate.empty())
      throw database_error(k_doing, {word.sqlstate, word.message});
  }
  throw database_error(k_doing, {std::string(k_connection_failure), plain});
}

} // namespace embedctl::pg
