#include "http/curl_transport.hpp"

#include "support/catch.hpp"
#include "support/raw_server.hpp"

#include <csignal>
#include <cstdlib>

using namespace embedctl;
using namespace embedctl::http;
using namespace embedctl::test;
using namespace std::chrono_literals;

namespace {

const std::string k_key = "canary-key";

struct Fixture {
  StopFlag stop;
  TransportOptions options;

  HttpRequest get(const RawServer& server) {
    HttpRequest request;
    request.url = server.url() + "/path";
    request.bearer = Secret(k_key);
    return request;
  }

  HttpRequest post(const RawServer& server) {
    HttpRequest request = get(server);
    request.method = "POST";
    request.body = "{}";
    return request;
  }

  HttpResponse perform(const HttpRequest& request) {
    return CurlTransport(stop, options).perform(request);
  }

  TransportError failure(const HttpRequest& request) {
    try {
      perform(request);
    } catch (const TransportError& error) {
      CHECK_THAT(error.what(), !ContainsSubstring(k_key));
      return error;
    }
    FAIL("it should have thrown");
    throw std::logic_error("not reached");
  }
};

std::string answer(std::string_view status, std::string_view body, std::string_view headers = "") {
  std::string text = "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers);
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text += body;
}

RawServer::Handler always(std::string text) {
  return [text](RawConnection& connection) {
    while (!connection.read_request().empty())
      connection.write(text);
  };
}

} // namespace

TEST_CASE_METHOD(Fixture, "a request arrives as it was meant", "[http]") {
  std::string seen;
  RawServer server([&](RawConnection& connection) {
    seen = connection.read_request();
    connection.write(answer("200 OK", "pong", "X-Request-Id: req_1\r\n"));
  });
  HttpRequest request = post(server);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = R"({"a":"b"})";
  const HttpResponse response = perform(request);
  CHECK(response.status == 200);
  CHECK(response.body == "pong");
  CHECK(response.header("x-request-id") == "req_1");
  CHECK_FALSE(response.header("x-other"));
  CHECK_THAT(seen, StartsWith("POST /path HTTP/1.1\r\n"));
  CHECK_THAT(seen, ContainsSubstring("Authorization: Bearer " + k_key + "\r\n"));
  CHECK_THAT(seen, ContainsSubstring("Content-Type: application/json\r\n"));
  CHECK_THAT(seen, ContainsSubstring("\r\n\r\n{\"a\":\"b\"}"));
}

TEST_CASE_METHOD(Fixture, "a header with a line break is refused", "[http]") {
  RawServer server(always(answer("200 OK", "")));
  HttpRequest request = get(server);
  request.bearer = Secret(k_key + "\r\nX-Evil: 1");
  CHECK_THROWS_WITH(perform(request), !ContainsSubstring(k_key));
  CHECK(server.connections() == 0);
}

TEST_CASE_METHOD(Fixture, "GETs share a connection, a POST has its own", "[http]") {
  RawServer server(always(answer("200 OK", "x")));
  CurlTransport transport(stop, options);
  for (int i = 0; i < 3; ++i)
    transport.perform(get(server));
  CHECK(server.connections() == 1);
  transport.perform(post(server));
  CHECK(server.connections() == 2);
}

TEST_CASE_METHOD(Fixture, "a POST whose connection dies is never sent a second time", "[http]") {
  std::atomic<int> posts = 0;
  RawServer server([&](RawConnection& connection) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.starts_with("POST")) {
        ++posts;
        return; // it took effect, and its answer is lost
      }
      if (request.empty())
        return;
      connection.write(answer("200 OK", "x"));
    }
  });
  CurlTransport transport(stop, options);
  transport.perform(get(server)); // leaves a connection to be used again
  try {
    transport.perform(post(server));
    FAIL("it should have thrown");
  } catch (const TransportError& error) {
    CHECK(error.maybe_delivered);
  }
  CHECK(posts == 1);
}

TEST_CASE_METHOD(Fixture, "a refused connection delivered nothing", "[http]") {
  std::string url;
  {
    RawServer server(always(""));
    url = server.url();
  }
  HttpRequest request;
  request.url = url;
  const TransportError error = failure(request);
  CHECK_FALSE(error.maybe_delivered);
  CHECK_THAT(error.what(), ContainsSubstring("Connection refused"));
  request.url = "http://no-such-host.invalid/";
  CHECK_FALSE(failure(request).maybe_delivered);
}

TEST_CASE_METHOD(Fixture, "a connection dropped after the request may have delivered", "[http]") {
  SECTION("closed") {
    RawServer server([](RawConnection& connection) { connection.read_request(); });
    CHECK(failure(post(server)).maybe_delivered);
  }
  SECTION("reset") {
    RawServer server([](RawConnection& connection) {
      connection.read_request();
      connection.reset();
    });
    CHECK(failure(post(server)).maybe_delivered);
  }
  SECTION("in the middle of the answer's head") {
    RawServer server([](RawConnection& connection) {
      connection.read_request();
      connection.write("HTTP/1.1 200 OK\r\nContent-Le");
    });
    CHECK(failure(post(server)).maybe_delivered);
  }
  SECTION("in the middle of the answer's body") {
    RawServer server([](RawConnection& connection) {
      connection.read_request();
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    });
    const TransportError error = failure(post(server));
    CHECK(error.maybe_delivered);
    CHECK_THAT(error.what(), ContainsSubstring("truncated"));
  }
}

TEST_CASE_METHOD(Fixture, "an answer that does not begin is given up", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.wait(30s);
  });
  HttpRequest request = get(server);
  request.first_byte_timeout = 300ms;
  const auto started = std::chrono::steady_clock::now();
  CHECK_THAT(failure(request).what(), ContainsSubstring("no response from 127.0.0.1"));
  CHECK(std::chrono::steady_clock::now() - started < 5s);
}

TEST_CASE_METHOD(Fixture, "a slow first byte is awaited longer than a stall", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.wait(1500ms);
    connection.write(answer("200 OK", "late"));
  });
  options.stall_timeout = 200ms;
  CHECK(perform(get(server)).body == "late");
}

TEST_CASE_METHOD(Fixture, "a body that stands still is given up", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100; ++i) { // a trickle is no progress
      connection.write("x");
      connection.wait(100ms);
    }
  });
  options.stall_timeout = 400ms;
  CHECK_THAT(failure(get(server)).what(), ContainsSubstring("stalled"));
}

TEST_CASE_METHOD(Fixture, "what is meant for this machine passes no proxy", "[http]") {
  RawServer proxy(always(answer("200 OK", "leaked")));
  RawServer server(always(answer("200 OK", "direct")));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  const HttpResponse response = perform(get(server));
  ::unsetenv("http_proxy");
  CHECK(response.body == "direct");
  CHECK(proxy.connections() == 0);
}

TEST_CASE_METHOD(Fixture, "a redirect is an answer and is not followed", "[http]") {
  RawServer elsewhere(always(answer("200 OK", "leaked")));
  RawServer server(always(answer("302 Found", "", "Location: " + elsewhere.url() + "/\r\n")));
  CHECK(perform(get(server)).status == 302);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE_METHOD(Fixture, "a body in memory is bounded", "[http]") {
  RawServer server(always(answer("500 Oops", std::string(6'000'000, 'x'))));
  const HttpResponse response = perform(get(server));
  CHECK(response.status == 500);
  CHECK(response.body.size() == 4 * 1024 * 1024);
}

TEST_CASE_METHOD(Fixture, "an endless head is given up", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; ++i)
      connection.write("X-More: " + std::string(1000, 'x') + "\r\n");
    connection.wait(5s);
  });
  failure(get(server));
}

TEST_CASE_METHOD(Fixture, "a stop ends a running exchange within seconds", "[http]") {
  RawServer server([this](RawConnection& connection) {
    connection.read_request();
    stop.request(SIGTERM);
    connection.wait(1500ms);
    connection.write(answer("200 OK", "finished"));
  });
  SECTION("one that may be aborted") {
    try {
      perform(post(server));
      FAIL("it should have thrown");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::interrupted);
      CHECK(error.in_doubt);
    }
  }
  SECTION("but not one that is to be finished") {
    HttpRequest request = post(server);
    request.finish_when_stopping = true;
    CHECK(perform(request).body == "finished");
    CHECK_THROWS_WITH(perform(request), ContainsSubstring("SIGTERM"));
    CHECK(server.connections() == 1);
  }
}

TEST_CASE_METHOD(Fixture, "many threads use one transport", "[http]") {
  RawServer server(always(answer("200 OK", "x")));
  CurlTransport transport(stop, options);
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k)
        done += transport.perform(get(server)).status == 200;
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(done == 160);
  CHECK(server.connections() <= 8);
}
