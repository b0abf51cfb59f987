#pragma once

#include "base/secret.hpp"

#include <string>
#include <utility>
#include <vector>

namespace embedctl::pg {

// The parsed DATABASE_URL (or key=value string), with our defaults for what it and PG* leave unset.
// The values contain the password: pass them only to libpq.
class Conninfo {
public:
  // Throws Error{usage} without quoting the text, because libpq's own message quotes all of it.
  // Empty text is valid: libpq then uses its environment.
  explicit Conninfo(const Secret& text);

  using Options = std::vector<std::pair<std::string, std::string>>;
  const Options& options() const { return m_options; }

private:
  bool given(std::string_view keyword) const;
  void add_default(const char* keyword, const char* value);
  void refuse_shifted_password() const;

  Options m_options;
};

} // namespace embedctl::pg
