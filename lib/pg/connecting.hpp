#pragma once

#include "pg/conninfo.hpp"

#include <libpq-fe.h>

namespace embedctl::pg {

// A new connection, whether it succeeded or not; to be given to PQfinish().
PGconn* connect(const Conninfo& conninfo);

// Why it did not succeed. `answered_at_once`: the server may have refused it rather than be away.
[[noreturn]] void throw_not_connected(PGconn* connection, bool answered_at_once);

} // namespace embedctl::pg
