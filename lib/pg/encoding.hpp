#pragma once

#include <string>

namespace embedctl::pg {

class Connection;

// The bytes of the server's one-byte encoding that have no equivalent in UTF-8, in hexadecimal.
// Empty for all other encodings.
std::string untranslatable_bytes(Connection& connection);

} // namespace embedctl::pg
