#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace embedctl::cli {

struct TextStyle {
  std::size_t width = 80;
  bool colour = false; // headings and code in bold; otherwise no escape sequence at all
};

// Markdown for a terminal: headings, paragraphs, lists, tables, code blocks, `code`, **bold** and
// [links](target), which is all that the help topics use. Lines fit into the width, but for code
// blocks and single long words.
std::string render_markdown(std::string_view markdown, const TextStyle& style);

// `text` in lines of at most `width` columns. The first begins at column `column`, and the others
// are indented that far. Ends with a newline.
std::string wrapped(std::string_view text, std::size_t column, std::size_t width);

// In bold, where the style has colours.
std::string bold(std::string_view text, const TextStyle& style);

} // namespace embedctl::cli
