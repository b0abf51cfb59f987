#include "http/retry.hpp"

#include "support/catch.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_progress.hpp"
#include "support/fake_transport.hpp"

#include <numeric>

using namespace embedctl;
using namespace embedctl::http;
using namespace embedctl::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  FakeTransport transport;
  FakeClock clock;
  FakeProgress progress;
  RetryOptions options;

  HttpResponse perform(const Call& call) {
    return RetryPolicy(transport, clock, progress, options).perform(call);
  }

  Error failure(const Call& call) {
    try {
      perform(call);
    } catch (const Error& error) {
      return error;
    }
    FAIL("it should have thrown");
    throw std::logic_error("not reached");
  }
};

Call get() {
  Call call;
  call.what = "fetch it";
  call.request = [] { return HttpRequest{}; };
  return call;
}

Call post() {
  Call call = get();
  call.repeatable = false;
  return call;
}

} // namespace

TEST_CASE_METHOD(Fixture, "what may pass is tried again, and every wait is told", "[http]") {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529})
    transport.answer(status);
  transport.fail("no connection", false).fail("cut short", true).answer(200, "there");
  CHECK(perform(get()).body == "there");
  CHECK(transport.is_done());
  CHECK(clock.sleeps.size() == 10);
  REQUIRE(progress.notes.size() == 10);
  CHECK_THAT(progress.notes[5], StartsWith("cannot fetch it yet: HTTP 503; retrying in "));
  CHECK_THAT(progress.notes[8], StartsWith("cannot fetch it yet: no connection; retrying"));
}

TEST_CASE_METHOD(Fixture, "a definite refusal is handed back at once", "[http]") {
  for (const int status : {301, 400, 401, 403, 404, 410, 413, 422}) {
    transport.answer(status);
    CHECK(perform(get()).status == status);
  }
  CHECK(clock.sleeps.empty());
}

TEST_CASE_METHOD(Fixture, "waits double, jittered, up to the longest", "[http]") {
  options.first_wait = 1s;
  options.longest_wait = 10s;
  for (int i = 0; i < 7; ++i)
    transport.answer(500);
  transport.answer(200);
  perform(get());
  const std::vector<std::chrono::milliseconds> full = {1s, 2s, 4s, 8s, 10s, 10s, 10s};
  REQUIRE(clock.sleeps.size() == full.size());
  for (std::size_t i = 0; i < full.size(); ++i) {
    CHECK(clock.sleeps[i] <= full[i]);
    CHECK(clock.sleeps[i] >= full[i] * 3 / 4);
  }
}

TEST_CASE_METHOD(Fixture, "the server's word on when to come back holds", "[http]") {
  transport.answer(429, "", {{"retry-after", "7"}})
      .answer(429, "", {{"retry-after-ms", "250"}, {"retry-after", "9"}})
      .answer(503, "", {{"retry-after", "1.5"}})
      .answer(200);
  perform(get());
  CHECK(clock.sleeps == std::vector<Clock::Duration>{7s, 250ms, 1500ms});
}

TEST_CASE("retry-after comes as number or date, and nonsense is none", "[http]") {
  const auto asked = [](std::string text) {
    return asked_wait({429, {{"retry-after", std::move(text)}}, ""}, 1'700'000'000);
  };
  CHECK(asked("3") == 3s);
  CHECK(asked("Tue, 14 Nov 2023 22:13:40 GMT") == 20s);
  CHECK(asked("Tue, 14 Nov 2000 22:13:40 GMT") == 0s);
  CHECK(asked("-3") == 0s);
  CHECK(asked("1e300") == 24h * 365);
  for (const char* nonsense : {"", "soon", "nan", "3 apples", "inf"})
    CHECK_FALSE(asked(nonsense));
}

TEST_CASE_METHOD(Fixture, "x-should-retry wins where repeating does no harm", "[http]") {
  transport.answer(503, "", {{"x-should-retry", "false"}});
  CHECK(perform(get()).status == 503);
  transport.answer(400, "", {{"x-should-retry", "true"}}).answer(200);
  CHECK(perform(get()).status == 200);
  transport.answer(503, "", {{"x-should-retry", "true"}});
  CHECK(failure(post()).in_doubt);
}

TEST_CASE_METHOD(Fixture, "the final error tells all attempts in one line", "[http]") {
  options.timeout = 13s;
  options.first_wait = options.longest_wait = 4s;
  const HttpHeaders headers = {{"retry-after", "4"}, {"x-request-id", "req_7"}};
  transport.answer(503, "", headers).fail("no connection to h: refused", false);
  transport.answer(503, "", headers).answer(503, "", headers);
  const Error error = failure(get());
  CHECK(error.kind() == ErrorKind::unreachable);
  CHECK_FALSE(error.in_doubt);
  CHECK_THAT(error.what(), StartsWith("could not fetch it after 4 attempts ("));
  CHECK_THAT(error.what(), ContainsSubstring("): 3 × HTTP 503, no connection to h: refused"));
  CHECK_FALSE(error.hint().empty());
  REQUIRE(error.provider);
  CHECK(error.provider->http_status == 503);
  CHECK(error.provider->request_id == "req_7");
  CHECK(error.provider->retryable);
}

TEST_CASE_METHOD(Fixture, "a request id that quotes the key is told without it", "[http]") {
  options.timeout = 0s;
  transport.answer(503, "", {{"x-request-id", "req of the-word-of-the-key"}});
  Call call = get();
  call.request = [] {
    HttpRequest request;
    request.bearer = Secret("the-word-of-the-key");
    return request;
  };
  const Error error = failure(call);
  REQUIRE(error.provider);
  CHECK(error.provider->request_id == "req of ***");
}

TEST_CASE_METHOD(Fixture, "fifteen minutes of 503 end after fifteen minutes", "[http]") {
  for (int i = 0; i < 200; ++i)
    transport.answer(503);
  failure(get());
  const auto slept = std::accumulate(clock.sleeps.begin(), clock.sleeps.end(), Clock::Duration{});
  CHECK(slept <= 15min);
  CHECK(slept >= 14min);
}

TEST_CASE_METHOD(Fixture, "a wait beyond the time that is left is not begun", "[http]") {
  transport.answer(503, "", {{"retry-after", "3600"}});
  CHECK_THAT(failure(get()).what(), ContainsSubstring("the server asks for a wait of 60 min"));
  CHECK(clock.sleeps.empty());
}

TEST_CASE_METHOD(Fixture, "what must not be done twice is repeated only if undone", "[http]") {
  SECTION("not sent, or definitely refused: again") {
    transport.fail("refused", false).answer(429).answer(409).answer(200);
    CHECK(perform(post()).status == 200);
  }
  SECTION("sent and no answer: in doubt") {
    transport.fail("cut short", true);
    const Error error = failure(post());
    CHECK(error.in_doubt);
    CHECK(error.kind() == ErrorKind::unreachable);
    CHECK(clock.sleeps.empty());
  }
  SECTION("an answer that may come from a gateway in between: in doubt") {
    for (const int status : {408, 500, 502, 503, 504}) {
      transport.answer(status);
      const Error error = failure(post());
      CHECK(error.in_doubt);
      CHECK(error.provider->http_status == status);
    }
  }
  SECTION("given up without ever being sent: no doubt") {
    options.timeout = 0s;
    transport.fail("refused", false);
    CHECK_FALSE(failure(post()).in_doubt);
  }
}

TEST_CASE_METHOD(Fixture, "a download that gets on is not given up", "[http]") {
  std::uint64_t have = 0;
  Call call = get();
  call.request = [&] {
    HttpRequest request;
    request.resume_from = have;
    return request;
  };
  for (int i = 0; i < 50; ++i)
    transport.then([&](const HttpRequest&) -> HttpResponse {
      clock.pass(10min);
      have += 1000;
      throw TransportError("cut short", true);
    });
  transport.answer(206);
  CHECK(perform(call).status == 206);
  for (const auto slept : clock.sleeps)
    CHECK(slept <= options.first_wait);
}

TEST_CASE_METHOD(Fixture, "an error that no repeating cures is not repeated", "[http]") {
  transport.then(
      [](const HttpRequest&) -> HttpResponse { throw Error(ErrorKind::io, "disk full"); });
  CHECK(failure(get()).kind() == ErrorKind::io);
  CHECK(transport.is_done());
}
