#include "base/file.hpp"
#include "http/curl_transport.hpp"

#include "support/catch.hpp"
#include "support/disk_log.hpp"
#include "support/raw_server.hpp"
#include "support/scratch_folder.hpp"

#include <fstream>
#include <thread>

#include <httplib.h>
#include <sys/stat.h>

using namespace embedctl;
using namespace embedctl::http;
using namespace embedctl::test;
using namespace std::chrono_literals;

namespace {

class HttpServer {
public:
  explicit HttpServer(const std::function<void(httplib::Server&)>& set_up) {
    m_server.set_keep_alive_timeout(1);
    set_up(m_server);
    m_port = m_server.bind_to_any_port("127.0.0.1");
    m_thread = std::thread([this] { m_server.listen_after_bind(); });
  }
  ~HttpServer() {
    while (!m_server.is_running())
      std::this_thread::sleep_for(1ms);
    m_server.stop();
    m_thread.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(m_port); }

private:
  httplib::Server m_server;
  int m_port = 0;
  std::thread m_thread;
};

// Text in which no two places look alike.
std::string numbers(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i)
    text += std::to_string(i) + "\n";
  text.resize(size);
  return text;
}

struct Fixture {
  StopFlag stop;
  ScratchFolder folder;
  CurlTransport transport{stop, {}};
  std::uint64_t bytes = 0;

  void write(const fs::path& path, std::string_view content) { std::ofstream(path) << content; }

  HttpRequest download(const std::string& url, std::uint64_t resume_from = 0) {
    HttpRequest request;
    request.url = url + "/file";
    request.download_to = folder / "file";
    request.resume_from = resume_from;
    request.on_bytes = [this](std::uint64_t more) { bytes += more; };
    return request;
  }

  HttpRequest upload(const std::string& url, const fs::path& file) {
    HttpRequest request;
    request.method = "POST";
    request.url = url + "/files";
    request.upload = HttpUpload{{{"purpose", "batch"}}, file, "batch 1.jsonl"};
    request.on_bytes = [this](std::uint64_t more) { bytes += more; };
    return request;
  }

  std::string downloaded() { return read_file(folder / "file", 1 << 30); }
};

} // namespace

TEST_CASE_METHOD(Fixture, "an upload arrives as one form with fields and file", "[http]") {
  const std::string content = numbers(3'000'000);
  write(folder / "in.jsonl", content);
  httplib::MultipartFormData file;
  httplib::MultipartFormData purpose;
  HttpServer server([&](httplib::Server& routes) {
    routes.Post("/files", [&](const httplib::Request& request, httplib::Response& response) {
      file = request.get_file_value("file");
      purpose = request.get_file_value("purpose");
      response.set_content("{}", "application/json");
    });
  });
  CHECK(transport.perform(upload(server.url(), folder / "in.jsonl")).status == 200);
  CHECK(purpose.content == "batch");
  CHECK(file.filename == "batch 1.jsonl");
  CHECK(file.content == content);
  CHECK(bytes == content.size());
}

TEST_CASE_METHOD(Fixture, "a file that cannot be read is no fault of the network", "[http]") {
  RawServer server([](RawConnection& connection) { connection.read_request(); });
  try {
    transport.perform(upload(server.url(), folder / "missing.jsonl"));
    FAIL("it should have thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::io);
    CHECK_THAT(error.what(), ContainsSubstring("missing.jsonl"));
  }
}

TEST_CASE_METHOD(Fixture, "an upload that stands still is given up, in doubt", "[http]") {
  write(folder / "in.jsonl", numbers(20'000'000));
  RawServer server([](RawConnection& connection) { connection.wait(30s); });
  TransportOptions options;
  options.stall_timeout = 300ms;
  try {
    CurlTransport(stop, options).perform(upload(server.url(), folder / "in.jsonl"));
    FAIL("it should have thrown");
  } catch (const TransportError& error) {
    CHECK(error.maybe_delivered);
    CHECK_THAT(error.what(), ContainsSubstring("stalled"));
  }
}

TEST_CASE_METHOD(Fixture, "an upload that is refused early has its answer", "[http]") {
  write(folder / "in.jsonl", numbers(20'000'000));
  RawServer server([](RawConnection& connection) {
    connection.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
    connection.wait(300ms);
  });
  CHECK(transport.perform(upload(server.url(), folder / "in.jsonl")).status == 401);
}

TEST_CASE_METHOD(Fixture, "a download is a private file with the whole content", "[http]") {
  const std::string content = numbers(5'000'000);
  HttpServer server([&](httplib::Server& routes) {
    routes.Get("/file", [&](const httplib::Request&, httplib::Response& response) {
      response.set_content(content, "application/octet-stream");
    });
  });
  write(folder / "file", "longer than nothing");
  const HttpResponse response = transport.perform(download(server.url()));
  CHECK(response.status == 200);
  CHECK(response.body.empty());
  CHECK(downloaded() == content);
  CHECK(bytes == content.size());
  struct stat status {};
  REQUIRE(::stat((folder / "file").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  SECTION("which a range request completes") {
    for (const std::uint64_t have : {std::uint64_t{1}, std::uint64_t{4'999'999}}) {
      bytes = 0;
      write(folder / "file", content.substr(0, have));
      CHECK(transport.perform(download(server.url(), have)).status == 206);
      CHECK(downloaded() == content);
      CHECK(bytes == content.size() - have);
    }
  }
  SECTION("a range behind its end is refused and changes nothing") {
    CHECK(transport.perform(download(server.url(), content.size())).status == 416);
    CHECK(downloaded() == content);
  }
}

TEST_CASE_METHOD(Fixture, "a download is durable before it counts as done", "[http]") {
  HttpServer server([](httplib::Server& routes) {
    routes.Get("/file", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("content", "application/octet-stream");
    });
  });
  const DiskLog log;
  transport.perform(download(server.url()));
  CHECK(log.calls() == std::vector<std::string>{"sync file"});
}

TEST_CASE_METHOD(Fixture, "a server without ranges starts the download again", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
  });
  write(folder / "file", "who and much more");
  CHECK(transport.perform(download(server.url(), 3)).status == 200);
  CHECK(downloaded() == "whole");
}

TEST_CASE_METHOD(Fixture, "a wrong part is not put behind what is there", "[http]") {
  const char* range =
      GENERATE("", "Content-Range: bytes 2-6/7\r\n", "Content-Range: bytes 3-5/7\r\n");
  RawServer server([=](RawConnection& connection) {
    connection.read_request();
    connection.write(
        std::string("HTTP/1.1 206 Partial Content\r\n") + range + "Content-Length: 2\r\n\r\nle");
  });
  write(folder / "file", "who");
  CHECK_THROWS_AS(transport.perform(download(server.url(), 3)), TransportError);
  CHECK(downloaded().empty());
}

TEST_CASE_METHOD(Fixture, "a download cut short is an error and keeps what came", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  CHECK_THROWS_AS(transport.perform(download(server.url())), TransportError);
  CHECK(downloaded() == "half");
}

TEST_CASE_METHOD(Fixture, "a chunked download cut short is an error", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  });
  CHECK_THROWS_AS(transport.perform(download(server.url())), TransportError);
}

TEST_CASE_METHOD(Fixture, "an empty download is an empty file", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  write(folder / "file", "old");
  transport.perform(download(server.url()));
  CHECK(downloaded().empty());
}

TEST_CASE_METHOD(Fixture, "a refusal leaves the file alone and has its body", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
  });
  write(folder / "file", "kept");
  const HttpResponse response = transport.perform(download(server.url()));
  CHECK(response.status == 404);
  CHECK(response.body == "gone");
  CHECK(downloaded() == "kept");
  CHECK(bytes == 0);
}

TEST_CASE_METHOD(Fixture, "a download does not follow a link somebody laid", "[http]") {
  RawServer server([](RawConnection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
  });
  write(folder / "precious", "safe");
  fs::create_symlink(folder / "precious", folder / "file");
  try {
    transport.perform(download(server.url()));
    FAIL("it should have thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::io);
  }
  CHECK(read_file(folder / "precious", 100) == "safe");
}
