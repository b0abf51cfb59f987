#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace embedctl::sandbox {

// Why a call, or a request within a batch, is refused. It becomes a response, never an exit code:
// Router and Executor catch it.
class ApiError : public std::runtime_error {
public:
  ApiError(
      int status,
      const std::string& message,
      std::optional<std::string> code = {},
      std::optional<std::string> param = {},
      std::string type = "invalid_request_error")
      : std::runtime_error(message),
        m_status(status),
        m_code(std::move(code)),
        m_param(std::move(param)),
        m_type(std::move(type)) {}

  int status() const { return m_status; }
  const std::optional<std::string>& code() const { return m_code; }

  // {"error": {"message", "type", "param", "code"}}
  std::string json() const;

private:
  int m_status;
  std::optional<std::string> m_code;
  std::optional<std::string> m_param;
  std::string m_type;
};

} // namespace embedctl::sandbox
