#pragma once

#include "support/postgres.hpp"

#include <memory>
#include <string>

namespace embedctl::test {

// A standby of the private server, a minute behind it.
class Standby {
public:
  // Null where the tests use another server, of which none can be made.
  static std::unique_ptr<Standby> of(const TestDatabase& database);
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  // The database there.
  const std::string& url() const { return m_url; }

private:
  explicit Standby(const TestDatabase& database);

  std::string m_folder;
  std::string m_url;
};

} // namespace embedctl::test
