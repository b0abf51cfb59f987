#include "cli/markdown.hpp"

#include "support/catch.hpp"

using namespace embedctl::cli;

namespace {

std::string plain(std::string_view markdown, std::size_t width = 30) {
  return render_markdown(markdown, {width, false});
}

} // namespace

TEST_CASE("paragraphs are filled to the width", "[cli]") {
  CHECK(
      plain("# Title\n\nOne two three\nfour five six seven eight.\n\n\nNext.\n")
      == "Title\n\nOne two three four five six\nseven eight.\n\nNext.\n");
  CHECK(
      plain("a-word-that-is-longer-than-the-width-is alone")
      == "a-word-that-is-longer-than-the-width-is\nalone\n");
}

TEST_CASE("list items hang together", "[cli]") {
  CHECK(
      plain("Text:\n- one two three four five\n  six seven\n- eight\n\nMore.\n")
      == "Text:\n\n- one two three four five six\n  seven\n- eight\n\nMore.\n");
}

TEST_CASE("code blocks are indented and left as they are", "[cli]") {
  CHECK(
      plain("Run:\n\n```sh\nembedctl run   --family-id UUID  # a comment that is "
            "long\n\n*x*\n```\nDone.")
      == "Run:\n\n    embedctl run   --family-id UUID  # a comment that is long\n\n    "
         "*x*\n\nDone.\n");
}

TEST_CASE("tables are aligned, and their widest column is wrapped", "[cli]") {
  CHECK(
      plain("| code | meaning |\n|---|---|\n| `0` | done |\n| `130`, `143` | stopped by a signal, "
            "state is safe |\n| a \\| b | |\n")
      == "code      meaning\n"
         "0         done\n"
         "130, 143  stopped by a signal,\n"
         "          state is safe\n"
         "a | b\n");
}

TEST_CASE("code, bold text and links lose their marks", "[cli]") {
  CHECK(
      plain("`--limit` **is** [a page](help/x.md), [site](http://a.b), 2 * 3", 200)
      == "--limit is a page, site (http://a.b), 2 * 3\n");
  CHECK(plain("a ` alone, [ too and ** as well", 80) == "a ` alone, [ too and ** as well\n");
}

TEST_CASE("a terminal gets bold text, which never spans a line", "[cli]") {
  CHECK(
      render_markdown("# T\n\naaaaaaaaaa bbbb `cc dd ee`\n", {20, true})
      == "\x1b[1mT\x1b[0m\n\naaaaaaaaaa bbbb \x1b[1mcc\x1b[0m\n\x1b[1mdd\x1b[0m "
         "\x1b[1mee\x1b[0m\n");
}
