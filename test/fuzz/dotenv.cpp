// .env files: any content is variables or a clean refusal, and variables that are written down
// again are the same.

#include "cli/dotenv.hpp"
#include "fuzz/support.hpp"

using namespace embedctl;
using namespace embedctl::fuzz;

namespace {

using Variables = std::map<std::string, std::string>;

std::string escaped(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n' || c == '\r' || c == '\t')
      out += std::string("\\") + (c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c == '"' || c == '\\' || c == '$')
      out += std::string("\\") + c;
    else
      out += c;
  }
  return out;
}

std::string written(const Variables& variables) {
  std::string text;
  for (const auto& [key, value] : variables)
    text += "export " + key + "=\"" + escaped(value) + "\" # comment\r\n";
  return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Variables variables;
  try {
    variables = cli::parse_dotenv(text_of(data, size), "file");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage, "a file that is refused is the user's mistake");
    const std::string_view message = error.what();
    require(
        message.starts_with("\"file\" line ") && message.size() < 80,
        "a refusal names the line and not what stands there");
    return 0;
  }
  for (const auto& [key, value] : variables)
    require(!key.empty() && value.find('\0') == std::string::npos, "a variable is one");
  require(
      cli::parse_dotenv(written(variables)) == variables,
      "variables that are written down again are the same");
  return 0;
}
