#include "pg/conninfo.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

#include <libpq-fe.h>

namespace embedctl::pg {

namespace {

using ParsedOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

constexpr const char* k_form = "use postgresql://user:password@host:5432/database";
constexpr const char* k_escape =
    "percent-encode special characters in the user and password: @ is %40, / is %2F, "
    ": is %3A, % is %25";

std::string hint_for_unreadable(std::string_view text) {
  if (text.starts_with("postgresql+") || text.starts_with("postgres+"))
    return "the \"+driver\" in the scheme is SQLAlchemy's: write postgresql:// instead";
  if (text.starts_with("jdbc:"))
    return "remove \"jdbc:\" and put the user and password into the URL: postgresql://...";
  if (text.starts_with("postgresql://") || text.starts_with("postgres://"))
    return k_escape;
  return k_form;
}

[[noreturn]] void throw_unreadable(std::string hint) {
  throw Error(ErrorKind::usage, "DATABASE_URL is not a valid connection URL", std::move(hint));
}

bool has_own_connect_timeout() {
  const ParsedOptions defaults(PQconndefaults(), PQconninfoFree);
  if (!defaults)
    return false;
  for (const PQconninfoOption* option = defaults.get(); option->keyword != nullptr; ++option)
    if (std::string_view(option->keyword) == "connect_timeout")
      return option->val != nullptr;
  return false;
}

} // namespace

Conninfo::Conninfo(const Secret& text) {
  char* message = nullptr;
  const ParsedOptions parsed(PQconninfoParse(text.reveal().c_str(), &message), PQconninfoFree);
  PQfreemem(message);
  if (!parsed)
    throw_unreadable(hint_for_unreadable(text.reveal()));
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && *option->val != '\0')
      m_options.emplace_back(option->keyword, option->val);
  if (text.reveal().find("://") != std::string::npos)
    refuse_shifted_password();

  std::erase_if(m_options, [](const auto& option) { return option.first == "client_encoding"; });
  m_options.emplace_back("client_encoding", "UTF8");
  add_default("fallback_application_name", "embedctl");
  const bool has_several_hosts = std::ranges::any_of(m_options, [](const auto& option) {
    return option.first.starts_with("host") && option.second.find(',') != std::string::npos;
  });
  if (has_several_hosts) // else each connection might reach another one, and a standby
    add_default("target_session_attrs", "read-write");
  if (!has_own_connect_timeout())
    add_default("connect_timeout", "10");
  // Together they notice a dead peer within a minute, whether we wait for it or send to it.
  add_default("keepalives_idle", "20");
  add_default("keepalives_interval", "10");
  add_default("keepalives_count", "3");
  add_default("tcp_user_timeout", "40000");
}

bool Conninfo::given(std::string_view keyword) const {
  return std::any_of(m_options.begin(), m_options.end(), [&](const auto& option) {
    return option.first == keyword;
  });
}

void Conninfo::add_default(const char* keyword, const char* value) {
  if (!given(keyword))
    m_options.emplace_back(keyword, value);
}

// An unescaped @ or / in a password shifts the rest of it into the host, port or database name,
// which libpq and the server do quote.
void Conninfo::refuse_shifted_password() const {
  for (const auto& [keyword, value] : m_options) {
    const bool is_odd =
        keyword == "port" ? value.find_first_not_of("0123456789,") != std::string::npos
        : keyword == "host" || keyword == "dbname" ? value.find('@') != std::string::npos
                                                   : false;
    if (is_odd)
      throw_unreadable(k_escape);
  }
}

} // namespace embedctl::pg
