#include "pg/conninfo.hpp"

#include "base/error.hpp"
#include "pg/fixture.hpp"
#include "support/catch.hpp"

#include <cstdlib>

using namespace embedctl;
using namespace embedctl::pg;

namespace {

constexpr const char* k_canary = "canary";

std::string option(const Conninfo& conninfo, std::string_view keyword) {
  for (const auto& [name, value] : conninfo.options())
    if (name == keyword)
      return value;
  return {};
}

} // namespace

TEST_CASE("what DATABASE_URL leaves open gets our defaults", "[pg]") {
  const Conninfo conninfo(Secret("postgresql://u@h/d"));
  CHECK(option(conninfo, "user") == "u");
  CHECK(option(conninfo, "client_encoding") == "UTF8");
  CHECK(option(conninfo, "fallback_application_name") == "embedctl");
  CHECK(option(conninfo, "connect_timeout") == "10");
  CHECK_FALSE(option(conninfo, "keepalives_idle").empty());
  CHECK_FALSE(option(conninfo, "tcp_user_timeout").empty());
}

TEST_CASE("what DATABASE_URL says is kept, but for the encoding", "[pg]") {
  const Conninfo conninfo(Secret("host=h connect_timeout=3 keepalives_idle=7 "
                                 "client_encoding=LATIN1"));
  CHECK(option(conninfo, "connect_timeout") == "3");
  CHECK(option(conninfo, "keepalives_idle") == "7");
  CHECK(option(conninfo, "client_encoding") == "UTF8");
}

TEST_CASE("of several hosts only one that may write is used, unless the URL says otherwise", "[pg]") {
  constexpr const char* k_keyword = "target_session_attrs";
  CHECK(option(Conninfo(Secret("postgresql://u@h/d")), k_keyword).empty());
  CHECK(option(Conninfo(Secret("postgresql://u@a,b/d")), k_keyword) == "read-write");
  CHECK(option(Conninfo(Secret("hostaddr=::1,::2")), k_keyword) == "read-write");
  CHECK(
      option(Conninfo(Secret("postgresql://u@a,b/d?target_session_attrs=any")), k_keyword) == "any");
}

TEST_CASE("the user's own PGCONNECT_TIMEOUT is kept", "[pg]") {
  setenv("PGCONNECT_TIMEOUT", "4", 1);
  const Conninfo conninfo{Secret()};
  unsetenv("PGCONNECT_TIMEOUT");
  CHECK(option(conninfo, "connect_timeout").empty());
}

TEST_CASE("a DATABASE_URL that cannot be understood is refused without repeating it", "[pg]") {
  const std::pair<const char*, const char*> cases[] = {
      {"postgresql+psycopg2://u:canary@h/d", "SQLAlchemy"},
      {"postgres+asyncpg://u:canary@h/d?ssl=canary", "SQLAlchemy"},
      {"jdbc:postgresql://h/d?password=canary", "jdbc"},
      {"mysql://u:canary@h/d", "use postgresql:"},
      {"canary", "use postgresql:"},
      {"password=canary nonsense", "use postgresql:"},
      {"host=h canary=canary", "use postgresql:"},
      {"postgresql://u:canary%zz@h/d", "percent-encode"},
      {"postgresql://u:x@canary@h/d", "percent-encode"},
      {"postgresql://u:canary/x@h/d", "percent-encode"},
      {"postgresql://u:12/canary@h/d", "percent-encode"},
      {"postgresql://u:x@h:canary/d", "percent-encode"},
      {"postgresql://u:x@h/d?canary=1", "percent-encode"},
  };
  for (const auto& [text, hint] : cases) {
    INFO(text);
    const Error error = error_of([&] { Conninfo{Secret(text)}; });
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.hint(), ContainsSubstring(hint));
    CHECK_THAT(error.what() + error.hint(), !ContainsSubstring(k_canary));
  }
}
