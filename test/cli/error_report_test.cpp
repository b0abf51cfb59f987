#include "cli/error_report.hpp"

#include "cli/exit_code.hpp"

#include "support/catch.hpp"

#include <csignal>
#include <filesystem>
#include <new>

using namespace embedctl;
using namespace embedctl::cli;

namespace {

template <typename Thrown>
Error caught(const Thrown& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return current_error();
  }
}

Error provider_error() {
  Error error(ErrorKind::provider, "no\x1b[2J credit \xff", "add \"funds\"");
  error.provider = ProviderDetail{429, "insufficient_quota", "req_1", false};
  return error;
}

} // namespace

TEST_CASE("each kind of error has its exit code", "[cli]") {
  StopFlag stop;
  const auto code = [&](ErrorKind kind) { return exit_code_for(Error(kind, ""), stop); };
  CHECK(code(ErrorKind::usage) == 2);
  CHECK(code(ErrorKind::locked) == 5);
  CHECK(code(ErrorKind::unreachable) == 6);
  for (const ErrorKind kind :
       {ErrorKind::database, ErrorKind::provider, ErrorKind::io, ErrorKind::corrupt,
        ErrorKind::internal})
    CHECK(code(kind) == 1);
  stop.request(SIGTERM);
  CHECK(code(ErrorKind::interrupted) == 143);
  StopFlag by_hand;
  by_hand.request(SIGINT);
  CHECK(exit_code_for(Error(ErrorKind::interrupted, ""), by_hand) == 130);
}

TEST_CASE("an error is told with its details and a hint", "[cli]") {
  CHECK(
      error_text(Error(ErrorKind::io, "cannot do it"), false) == "embedctl: error: cannot do it\n");
  CHECK(
      error_text(provider_error(), false)
      == "embedctl: error: no\\x1b[2J credit \\xff (HTTP 429, insufficient_quota, request "
         "req_1)\nhint: add \"funds\"\n");
  Error refused(ErrorKind::provider, "cannot list: HTTP 404, not_found: no such thing");
  refused.provider = ProviderDetail{};
  refused.provider->http_status = 404;
  refused.provider->code = "not_found";
  refused.provider->request_id = "req_2";
  CHECK(
      error_text(refused, false)
      == "embedctl: error: cannot list: HTTP 404, not_found: no such thing (request req_2)\n");
  Error database(ErrorKind::database, "no table");
  database.sqlstate = "42P01";
  CHECK(error_text(database, false) == "embedctl: error: no table (SQLSTATE 42P01)\n");
  CHECK(
      error_text(database, true)
      == "embedctl: \x1b[1;31merror:\x1b[0m no table (SQLSTATE 42P01)\n");
}

TEST_CASE("an interrupted command reports no error", "[cli]") {
  const Error interrupted(ErrorKind::interrupted, "interrupted", "resume with: embedctl run");
  CHECK(
      error_text(interrupted, true) == "embedctl: interrupted\nhint: resume with: embedctl run\n");
}

TEST_CASE("an error is one JSON object", "[cli]") {
  CHECK(
      error_json(Error(ErrorKind::usage, "wrong"), 2)
      == R"({"error":{"kind":"usage","message":"wrong","hint":"","exit_code":2}})");
  CHECK(
      error_json(provider_error(), 1)
      == R"({"error":{"kind":"provider","message":"no\\x1b[2J credit \\xff",)"
         R"("hint":"add \"funds\"","http_status":429,"code":"insufficient_quota",)"
         R"("request_id":"req_1","exit_code":1}})");
}

TEST_CASE("exceptions of other houses become errors of ours", "[cli]") {
  CHECK(caught(provider_error()).provider->http_status == 429);
  CHECK(caught(std::bad_alloc()).kind() == ErrorKind::io);
  const std::filesystem::filesystem_error disk("x", std::make_error_code(std::errc::io_error));
  CHECK(caught(disk).kind() == ErrorKind::io);
  CHECK(caught(std::logic_error("x")).kind() == ErrorKind::internal);
  CHECK(caught(7).kind() == ErrorKind::internal);
}
