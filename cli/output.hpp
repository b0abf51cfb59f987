#pragma once

#include "cli/context.hpp"

#include <string_view>

namespace embedctl::cli {

// Writes all of it. Throws Error{io} where the disk is full or the reader has gone.
void write_to(int fd, std::string_view what, std::string_view text);
void write_stdout(std::string_view text);

// Whatever becomes of it: there is no place left to complain.
void write_stderr(std::string_view text) noexcept;

// The result of a verb, its last word: with --json the object and a newline, otherwise the text,
// unless --quiet and the exit code ask for silence. Ends the live line first. Returns the exit
// code, so that a verb can end in `return print_result(...)`.
int print_result(Context& context, int exit_code, std::string_view json, std::string_view text);

} // namespace embedctl::cli
