#pragma once

#include <map>
#include <string>
#include <string_view>

namespace embedctl::cli {

// The variables of a .env file: lines KEY=VALUE, with or without "export ", blank lines and
// comments. A value is bare (up to white space and "#"), 'literal', or "with \n \r \t \" \\ \$".
// Nothing is expanded; the last of two equal keys counts. A byte order mark and CRLF are fine.
// Throws Error{usage} naming `file` and the line, never what stands there.
std::map<std::string, std::string>
parse_dotenv(std::string_view text, std::string_view file = ".env");

} // namespace embedctl::cli
