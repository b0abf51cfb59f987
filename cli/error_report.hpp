#pragma once

#include "base/error.hpp"

#include <string>

namespace embedctl::cli {

// The exception being handled, as an Error; what is none of ours becomes Error{internal}.
Error current_error();

// "embedctl: error: message (SQLSTATE 42P01)" and, where there is one, a line "hint: ...". Both
// safe for a terminal; ends with a newline.
std::string error_text(const Error& error, bool colour);

// {"error":{"kind","message","hint",...,"exit_code"}} without a newline; what is not known is left
// out.
std::string error_json(const Error& error, int exit_code);

} // namespace embedctl::cli
