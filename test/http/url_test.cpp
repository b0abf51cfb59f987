#include "http/url.hpp"

#include "base/error.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::http;

namespace {

std::string refusal(const std::string& url, bool allow_insecure = false) {
  try {
    check_base_url(url, allow_insecure);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "";
}

} // namespace

TEST_CASE("a base URL keeps its path and loses its trailing slashes", "[http]") {
  CHECK(check_base_url("https://api.openai.com/v1", false) == "https://api.openai.com/v1");
  CHECK(check_base_url("https://api.openai.com/v1//", false) == "https://api.openai.com/v1");
  CHECK(check_base_url("https://api.openai.com", false) == "https://api.openai.com");
  CHECK(check_base_url("https://h:8443/a/b/", false) == "https://h:8443/a/b");
}

TEST_CASE("plain http is for this machine alone", "[http]") {
  for (const char* url :
       {"http://localhost:8080/v1", "http://LOCALHOST", "http://127.0.0.1:1/v1", "http://127.8.9.1",
        "http://[::1]:9/v1"}) {
    CAPTURE(url);
    CHECK(refusal(url).empty());
  }
  for (const char* url :
       {"http://api.openai.com/v1", "http://localhost.evil.com/", "http://127.0.0.1.evil.com",
        "http://128.0.0.1", "http://[::2]", "http://0.0.0.0", "http://evil.com/localhost",
        "http://localhost.", "http://[::ffff:10.0.0.1]"}) {
    CAPTURE(url);
    CHECK_THAT(refusal(url), ContainsSubstring("unencrypted"));
    CHECK(refusal(url, true).empty());
  }
}

TEST_CASE("a base URL with credentials is refused and not shown", "[http]") {
  for (const char* url :
       {"http://127.0.0.1@evil.com/", "https://me:hush@api.openai.com/v1", "https://hush@h/"}) {
    CHECK_THAT(refusal(url, true), ContainsSubstring("user name or password"));
    CHECK_THAT(refusal(url, true), !ContainsSubstring("hush"));
  }
}

TEST_CASE("what is no http URL is refused", "[http]") {
  for (const char* url :
       {"", "api.openai.com/v1", "ftp://h/", "file:///etc/passwd", "https://", "https://h:99999",
        "https://h/v1?key=1", "https://h/v1#x", "https://h h/", "https://h/\r\nx: y"}) {
    CAPTURE(url);
    CHECK_FALSE(refusal(url, true).empty());
  }
}

TEST_CASE("an authority names the port and never the user", "[http]") {
  CHECK(authority_of("https://api.openai.com/v1/files") == "api.openai.com");
  CHECK(authority_of("http://me:hush@localhost:80/x") == "localhost:80");
  CHECK(authority_of("nonsense").empty());
}
