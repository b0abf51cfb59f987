#include "support/catch.hpp"
#include "torture/sweep.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace embedctl::torture {

namespace {

bool holds_secret(const std::string& text) {
  return text.find(e2e::k_key) != std::string::npos
         || text.find(e2e::k_password) != std::string::npos;
}

// What makes every part of the program speak, and quotes what it was told in its answers.
std::vector<std::string> provocations() {
  return {
      "",
      fmt::format(
          R"({{"endpoint": "*", "from": 3, "action": "status", "status": 401, "body":
              {{"error": {{"message": "wrong key {}", "code": "invalid_api_key"}}}}}})",
          e2e::k_key),
      fmt::format(
          R"({{"endpoint": "*", "from": 3, "action": "status", "status": 500, "count": 0,
              "headers": {{"x-request-id": "{0}"}}, "body": "{0}"}})",
          e2e::k_key),
      R"({"endpoint": "POST /v1/batches", "action": "drop_after"})",
      R"({"endpoint": "GET /v1/files/{id}/content", "action": "truncate", "bytes": 50})",
  };
}

std::vector<std::pair<std::string, Strike>> combinations() {
  std::vector<std::pair<std::string, Strike>> all;
  for (const std::string& provocation : provocations())
    for (const char* how : {"kill_after", "eio", "enospc_on", "torn", "reset"})
      for (const long at : {90L, 200L})
        all.emplace_back(provocation, Strike{how, at});
  return all;
}

} // namespace

// Every life of the other tests looks through its own files and outputs; here the rest is looked
// through as well: the arguments, what the provider kept, and every file beside.
TEST_CASE("key and password appear nowhere, whatever goes wrong", "[torture][canary]") {
  Tally tally;
  Place place;
  const auto look = [&](const std::string& story, const std::string& text) {
    tally.count("texts");
    if (holds_secret(text))
      tally.add(story, {"it holds a secret"});
  };
  const auto limit = time_for_a_sweep();
  const auto start = std::chrono::steady_clock::now();
  const auto in_time = [&] { return !limit || std::chrono::steady_clock::now() - start < *limit; };
  const auto all = combinations();
  const auto count = static_cast<long>(all.size());
  for (long number = 1; number <= count && in_time(); ++number) {
    const auto& [provocation, strike] = all[static_cast<std::size_t>(scattered(number, count) - 1)];
    Life life(place);
    place.plan(provocation);
    e2e::Arguments arguments = {"run", "--family-id", life.family(), "-v"};
    const e2e::Arguments options = life.submit_options();
    arguments.insert(arguments.end(), options.begin(), options.end());
    const std::string story = fmt::format("{} with {}", to_string(strike), provocation);
    look(story, life.command(arguments, strike).said);
    place.plan();
    look(story, life.run().said);
    for (const auto& [name, content] : e2e::files_below(life.batches_dir()))
      look(story + ": " + name, content);
    tally.add(story, life.violations());
  }

  Life life(place);
  const auto process = place.world().start(
      {"run", "--family-id", life.family(), "--batches-dir", life.batches_dir().string()});
  look("argv", e2e::content_of(fmt::format("/proc/{}/cmdline", process->id())));
  process->wait();
  for (const auto& [name, content] : e2e::files_below(place.world().folder()))
    look(name, content);
  for (const auto& [name, content] : e2e::files_below(place.batches()))
    look(name, content);
  tally.conclude("canary");
  fs::remove_all(life.batches_dir());
}

} // namespace embedctl::torture
