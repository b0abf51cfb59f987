#include "cli/dotenv.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

#include <random>

using namespace embedctl;
using cli::parse_dotenv;

namespace {

std::string value_of(std::string_view line) {
  return parse_dotenv(line).at("K");
}

std::string complaint(std::string_view text) {
  try {
    parse_dotenv(text, "conf/.env");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_FALSE(error.hint().empty());
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("a .env file gives its variables", "[cli]") {
  const auto variables = parse_dotenv("\xef\xbb\xbf# comment\r\n"
                                      "A=1\r\n"
                                      "\r\n"
                                      "  export B = two words  # and a comment\n"
                                      "\texport\tC='lit # eral \\n $X'\n"
                                      "D=\"a\\n\\\"b\\\" \\\\ \\$ # c\" # comment\n"
                                      "E=\n"
                                      "A=last\n"
                                      "export=word\n"
                                      "_f9=x");
  CHECK(
      variables
      == std::map<std::string, std::string>{
          {"A", "last"},
          {"B", "two words"},
          {"C", "lit # eral \\n $X"},
          {"D", "a\n\"b\" \\ $ # c"},
          {"E", ""},
          {"export", "word"},
          {"_f9", "x"}});
}

TEST_CASE("an unquoted value keeps what a URL or a password may hold", "[cli]") {
  CHECK(value_of("K=postgresql://u:p#1$=@h/db?a=b") == "postgresql://u:p#1$=@h/db?a=b");
  CHECK(value_of("K=it's \"so\"") == "it's \"so\"");
  CHECK(value_of("K=# all comment").empty());
  CHECK(value_of("K=\xc3\xa9\xff") == "\xc3\xa9\xff");
}

TEST_CASE("an empty .env file has no variables", "[cli]") {
  CHECK(parse_dotenv("").empty());
  CHECK(parse_dotenv("\xef\xbb\xbf").empty());
  CHECK(parse_dotenv("\n\r\n# x").empty());
}

TEST_CASE("a bad line of a .env file is named without what stands there", "[cli]") {
  for (const std::string_view line : std::initializer_list<std::string_view>{
           "word", "1K=word", "=word", "K-L=word", "export", "export K", "K='word", "K=\"word",
           "K=\"word\\", "K=\"word\\q\"", "K='word' word", "K=\"word\"word",
           std::string_view("K=wo\0rd", 7), "K=word\rL=word", "K=\x1b[2Jword"}) {
    const std::string text = complaint("# first\n" + std::string(line) + "\nA=1\n");
    CHECK_THAT(text, StartsWith("\"conf/.env\" line 2 "));
    CHECK_THAT(text, !ContainsSubstring("word"));
  }
}

TEST_CASE("any bytes are a .env file or a clean refusal", "[cli]") {
  std::mt19937 random(7);
  constexpr std::string_view k_alphabet("K=\"'\\#\n\r \t$export\0\xef\xbb\xbf\x80n", 24);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t length = random() % 40; length > 0; --length)
      text += k_alphabet[random() % k_alphabet.size()];
    try {
      for (const auto& [key, value] : parse_dotenv(text)) {
        CHECK_FALSE(key.empty());
        CHECK(value.find('\0') == std::string::npos);
      }
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
    }
  }
}
