#pragma once

#include "cli/environment.hpp"

#include <cstddef>

namespace embedctl::cli {

// A terminal that can redraw a line: TERM=dumb cannot.
bool is_live_terminal(int fd, const Environment& environment);

// On such a terminal and without NO_COLOR.
bool wants_colour(int fd, const Environment& environment);

// Asked of the terminal each time, so that a changed window needs no signal; 80 if it does not say.
std::size_t terminal_width(int fd);

} // namespace embedctl::cli
