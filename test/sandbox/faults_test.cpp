#include "sandbox/faults.hpp"

#include "base/error.hpp"
#include "sandbox/data_folder.hpp"
#include "sandbox/disk.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::sandbox;

TEST_CASE("a rule happens to the calls that it names", "[sandbox]") {
  FaultPlan plan;
  plan.replace(R"([{"endpoint":"GET /v1/models","call":2,"action":"status","status":503},
                   {"endpoint":"*","from":3,"count":2,"action":"wait","seconds":1.5},
                   {"endpoint":"GET /v1/models","from":5,"count":0,"action":"drop_after"}])");
  std::vector<std::size_t> happened;
  for (int call = 1; call <= 6; ++call)
    happened.push_back(plan.next("GET /v1/models").size());
  CHECK(happened == std::vector<std::size_t>{0, 1, 1, 1, 1, 1});
  CHECK(plan.next("GET /v1/files").empty());
  CHECK_THAT(plan.json(), ContainsSubstring(R"("seen":6,"fired":1)"));
}

TEST_CASE("a new plan forgets the old one and counts anew", "[sandbox]") {
  FaultPlan plan;
  const char* second = R"({"rules":[{"endpoint":"GET /v1/models","call":2,"action":"wait"}]})";
  plan.replace(second);
  CHECK(plan.next("GET /v1/models").empty());
  plan.replace(second);
  CHECK(plan.next("GET /v1/models").empty());
  CHECK(plan.next("GET /v1/models").size() == 1);
  plan.replace("[]");
  CHECK(plan.next("GET /v1/models").empty());
}

TEST_CASE("a plan that is none is refused and the old one stays", "[sandbox]") {
  FaultPlan plan;
  plan.replace(R"([{"endpoint":"*","action":"wait"}])");
  for (const char* bad :
       {"", "{", "{}", R"([{"action":"wait"}])", R"([{"endpoint":"*","action":"explode"}])",
        R"([{"endpoint":"*","action":"damage","mode":"some"}])",
        R"([{"endpoint":"*","action":"wait","call":-1}])"})
    CHECK_THROWS_AS(plan.replace(bad), Error);
  CHECK(plan.next("GET /v1/models").size() == 1);
}

TEST_CASE("each damage does to a line what its name says, and to no other", "[sandbox]") {
  const auto result = [](const std::string& id, const std::string& status,
                         const std::string& vector) {
    return R"({"id":"batch_req_1","custom_id":")" + id + R"(","response":{"status_code":)" + status
           + R"(,"body":{"data":[{"embedding":)" + vector + R"(}]}},"error":null})" + "\n";
  };
  const std::string first = result("a", "200", "[0.1,0.2]");
  const std::string line = result("b", "200", "[0.1,0.2]");
  const std::string last = result("c", "200", R"("zczMPc3MTD4=")");
  struct Case {
    const char* mode;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"not_json", line.substr(0, (line.size() - 1) / 2) + "\n"},
      {"no_custom_id", R"({"id":"batch_req_1","response")" + line.substr(line.find(":{"))},
      {"repeat_custom_id", line + line},
      {"conflicting_custom_id", line + result("b", "200", "[0.1,0.5]")},
      {"unknown_custom_id", result("unknown-b", "200", "[0.1,0.2]")},
      {"wrong_width", result("b", "200", "[0.1]")},
      {"nan", result("b", "200", "[0.1,NaN]")},
      {"inf", result("b", "200", "[0.1,1e999]")},
      {"empty_array", result("b", "200", "[]")},
      {"non_2xx_with_embedding", result("b", "500", "[0.1,0.2]")},
      {"status_zero", result("b", "0", "[0.1,0.2]")},
      {"drop_line", ""},
  };
  const DataFolder folder({});
  replace_file(folder.path() / "from", first + line + last);
  const auto damaged = [&](const char* mode, std::set<std::uint64_t> lines) {
    write_damaged(
        folder.path() / "from", folder.path() / "to", {damage_mode_from(mode).value(), lines});
    return read_file(folder.path() / "to", 10'000);
  };
  for (const Case& expected : cases) {
    INFO(expected.mode);
    CHECK(damaged(expected.mode, {2}) == first + expected.expected + last);
  }
  CHECK(damaged("empty_array", {3}) == first + line + result("c", "200", R"("")"));
  CHECK(damaged("wrong_width", {3}) == first + line + result("c", "200", R"("zczMPQ==")"));
  CHECK(damaged("nan", {3}) == first + line + result("c", "200", R"("zczMPQAAwH8=")"));
  CHECK(damaged("inf", {3}) == first + line + result("c", "200", R"("zczMPQAAgH8=")"));
  CHECK_FALSE(damage_mode_from("some"));
}
