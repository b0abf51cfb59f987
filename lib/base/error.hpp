#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace embedctl {

// What the caller of a failed operation can do about it; decides the exit code.
enum class ErrorKind {
  usage,       // wrong options, configuration or environment; nothing was touched
  database,    // Postgres refused
  provider,    // the provider refused
  io,          // the local disk refused
  corrupt,     // state on disk or an answer cannot be understood; it is left as it is
  locked,      // another process is at work
  unreachable, // database or provider not reachable after all retries
  interrupted, // asked to stop
  internal,    // a mistake in this program
};

const char* to_string(ErrorKind kind);

struct ProviderDetail {
  int http_status = 0;
  std::string code;
  std::string request_id;
  bool retryable = false;
};

// The operation cannot continue. The message is lower case, names the thing and has no final
// period; the hint says what to do next. Neither contains a secret, row text or a vector.
class Error : public std::runtime_error {
public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {})
      : std::runtime_error(message), m_kind(kind), m_hint(std::move(hint)) {}

  ErrorKind kind() const { return m_kind; }
  const std::string& hint() const { return m_hint; }

  std::string sqlstate;                   // set when Postgres gave one
  std::optional<ProviderDetail> provider; // set when the provider answered

  // The remote call may have taken effect although no response arrived: check before repeating it.
  bool in_doubt = false;

private:
  ErrorKind m_kind;
  std::string m_hint;
};

} // namespace embedctl
