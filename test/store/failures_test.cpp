#include "store/failures.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::store;
using namespace embedctl::test;

namespace {

Failure some_failure(std::uint32_t times, const std::string& code) {
  Failure failure;
  failure.fingerprint = sha256_of("text");
  failure.request = 0xabcd;
  failure.times = times;
  failure.code = code;
  failure.last_seen = 1'700'000'000;
  failure.run_id = "0123456789abcdef";
  failure.batch = 7;
  return failure;
}

} // namespace

TEST_CASE("failures are read as they were saved", "[store]") {
  const ScratchFolder scratch;
  const fs::path file = scratch / "failures.tsv";
  Failures failures;
  failures.put("tab\tand\nline", some_failure(2, "server_error"));
  failures.put("other", some_failure(0, "empty_text"));
  failures.put("gone", some_failure(1, "server_error"));
  failures.drop("gone");
  failures.save(file);
  CHECK(text_of(file).starts_with("embedctl failures\t1\t"));

  const Failures again = Failures::load(file);
  CHECK(again.size() == 2);
  CHECK(!again.find("gone"));
  const auto found = again.find("tab\tand\nline");
  REQUIRE(found);
  CHECK(found->fingerprint == sha256_of("text"));
  CHECK(found->request == 0xabcd);
  CHECK(found->times == 2);
  CHECK(found->code == "server_error");
  CHECK(found->last_seen == 1'700'000'000);
  CHECK(found->run_id == "0123456789abcdef");
  CHECK(found->batch == 7);
}

TEST_CASE("a row that was dropped can fail again", "[store]") {
  Failures failures;
  failures.put("row", some_failure(2, "server_error"));
  failures.drop("row");
  failures.drop("row");
  CHECK(failures.size() == 0);
  failures.put("row", some_failure(1, "other"));
  CHECK(failures.size() == 1);
  CHECK(failures.find("row")->code == "other");
}

TEST_CASE("without a file there are no failures, and none are written", "[store]") {
  const ScratchFolder scratch;
  const Failures failures = Failures::load(scratch / "failures.tsv");
  CHECK(failures.size() == 0);
  failures.save(scratch / "failures.tsv");
  CHECK(!fs::exists(scratch / "failures.tsv"));
}

TEST_CASE("a damaged or newer failures.tsv is refused and left as it is", "[store]") {
  const ScratchFolder scratch;
  const fs::path file = scratch / "failures.tsv";
  const std::string header = "embedctl failures\t1\tkey\n";
  for (const auto& [text, kind] : std::vector<std::pair<std::string, ErrorKind>>{
           {"key\tvalue\n", ErrorKind::corrupt},
           {"embedctl failures\t2\tkey\n", ErrorKind::usage},
           {header + "key\tbad\n", ErrorKind::corrupt},
           {header + "cut", ErrorKind::corrupt}}) {
    write_file_atomically(file, text);
    CHECK(kind_of([&] { Failures::load(file); }) == kind);
    CHECK(text_of(file) == text);
  }
}

TEST_CASE("another model, width or encoding is another request", "[store]") {
  Request request;
  request.model = "a";
  request.dims = 2;
  const auto hash = request_hash(request);
  CHECK(request_hash(request) == hash);
  Request other = request;
  other.model = "b";
  CHECK(request_hash(other) != hash);
  other = request;
  other.dims = 3;
  CHECK(request_hash(other) != hash);
  other = request;
  other.encoding = "float";
  CHECK(request_hash(other) != hash);
}
