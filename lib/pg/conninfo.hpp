#pragma once

#include "base/secret.hpp"

#include <string>
#include <utility>
#include <vector>

namespace embedctl::pg {

// The user's DATABASE_URL (or key=value string) taken apart, with our defaults where it and PG*
// leave them open. The values hold the password: they go to libpq and nowhere else.
class Conninfo {
public:
  // Throws Error{usage} that repeats no part of the text, because libpq's own message repeats all
  // of it. Empty text is fine: libpq then goes by its own environment.
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
