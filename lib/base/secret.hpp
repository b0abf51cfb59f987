#pragma once

#include <string>
#include <utility>

#include <fmt/format.h>

namespace embedctl {

// A key or password. It formats as "***", so logging it is safe; reveal() is called only where it
// is passed to libcurl or libpq.
class Secret {
public:
  Secret() = default;
  explicit Secret(std::string value) : m_value(std::move(value)) {}

  const std::string& reveal() const { return m_value; }
  bool empty() const { return m_value.empty(); }

private:
  std::string m_value;
};

} // namespace embedctl

template <>
struct fmt::formatter<embedctl::Secret> : fmt::formatter<std::string_view> {
  template <typename Context>
  auto format(const embedctl::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
