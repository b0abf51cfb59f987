#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace embedctl {

// Empty, or only Unicode white space.
bool is_blank(std::string_view utf8);

// The canonical form of a UUID in any form that Postgres accepts; nullopt for anything else.
std::optional<std::string> canonical_uuid(std::string_view text);

} // namespace embedctl
