#include "sandbox/engine.hpp"

#include "sandbox/api_error.hpp"
#include "sandbox/data_folder.hpp"
#include "json/value.hpp"

#include "support/catch.hpp"

#include <memory>
#include <set>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::sandbox;
using namespace std::chrono_literals;

namespace {

constexpr Instant k_start{Millis(1'800'000'000'000)};

Options timed_options() {
  Options options;
  options.validating_seconds = 10;
  options.in_progress_seconds = 100;
  options.finalizing_seconds = 5;
  options.cancelling_seconds = 3;
  return options;
}

// An engine in a folder of its own whose clock moves only by after().
class Bench {
public:
  explicit Bench(Options options = timed_options())
      : clock(MovableClock::frozen_at(k_start)),
        files(folder.path() / "files", clock),
        m_options(std::move(options)) {
    restart();
  }

  // What a new process finds.
  void restart() {
    m_engine.reset();
    m_engine = std::make_unique<Engine>(m_options, folder.path() / "batches", clock, files);
  }

  Engine& engine() { return *m_engine; }

  std::string submit(int requests, const std::string& text = "some text") {
    std::string lines;
    for (int i = 0; i < requests; ++i)
      lines += fmt::format(
          R"({{"custom_id":"row-{}","method":"POST","url":"/v1/embeddings","body":{{"model":"text-embedding-3-small","input":"{} {}","dimensions":4}}}})"
          "\n",
          i, text, i);
    return create(store(lines));
  }

  std::string store(std::string_view content) {
    const auto incoming = files.begin();
    incoming->write(content);
    incoming->flush();
    return files.add(incoming->path(), "in.jsonl", "batch", std::nullopt).id;
  }

  std::string create(const std::string& file_id) {
    BatchRequest request;
    request.input_file_id = file_id;
    request.endpoint = "/v1/embeddings";
    request.completion_window = "24h";
    return m_engine->create(request).id;
  }

  Batch after(Millis duration, const std::string& id) {
    clock.advance(duration);
    m_engine->catch_up();
    return m_engine->find(id).value();
  }

  std::vector<std::string> lines_of(const std::optional<std::string>& file_id) {
    std::vector<std::string> lines;
    LineReader reader(files.content(file_id.value()));
    while (const auto line = reader.next())
      lines.emplace_back(line->text);
    return lines;
  }

  std::vector<std::string> custom_ids_of(const std::optional<std::string>& file_id) {
    std::vector<std::string> ids;
    for (const std::string& line : lines_of(file_id))
      ids.push_back(json::Document::parse(line, "line").root().string("custom_id").value());
    return ids;
  }

  DataFolder folder{{}};
  MovableClock clock;
  FileStore files;

private:
  Options m_options;
  std::unique_ptr<Engine> m_engine;
};

} // namespace

TEST_CASE("a batch goes through its statuses as time passes", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(10);
  CHECK(bench.after(9'999ms, id).status == RemoteStatus::validating);
  auto batch = bench.after(1ms, id);
  CHECK(batch.status == RemoteStatus::in_progress);
  CHECK(batch.progress.total == 10);
  CHECK(batch.progress.executed == 0);
  batch = bench.after(35s, id);
  CHECK(batch.progress.completed == 3);
  CHECK_FALSE(batch.output_file_id);
  batch = bench.after(65s, id);
  CHECK(batch.status == RemoteStatus::finalizing);
  CHECK(batch.progress.completed == 10);
  batch = bench.after(5s, id);
  CHECK(batch.status == RemoteStatus::completed);
  CHECK(batch.ended_at == k_start + 115s);
  CHECK_FALSE(batch.error_file_id);
  CHECK(bench.lines_of(batch.output_file_id).size() == 10);
}

TEST_CASE("a long leap does what many small steps do", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(600);
  const auto batch = bench.after(1h, id);
  CHECK(batch.status == RemoteStatus::completed);
  CHECK(batch.ended_at == k_start + 115s);
  CHECK(bench.engine().billed().requests == 600);
}

TEST_CASE("results come in another order than requests, and always in the same", "[sandbox]") {
  Options other_seed = timed_options();
  other_seed.seed = 7;
  std::vector<std::vector<std::string>> orders;
  for (const Options& options : {timed_options(), timed_options(), other_seed}) {
    Bench bench(options);
    const auto id = bench.submit(20);
    orders.push_back(bench.custom_ids_of(bench.after(1h, id).output_file_id));
  }
  CHECK(orders[0] == orders[1]);
  CHECK(orders[0] != orders[2]);
  std::vector<std::string> in_order;
  for (int i = 0; i < 20; ++i)
    in_order.push_back(fmt::format("row-{}", i));
  CHECK(orders[0] != in_order);
  CHECK(std::set(orders[0].begin(), orders[0].end()) == std::set(in_order.begin(), in_order.end()));
}

TEST_CASE("a batch that expires keeps what it finished and names the rest", "[sandbox]") {
  Options options = timed_options();
  options.window_seconds = 60;
  Bench bench(options);
  const auto id = bench.submit(10);
  const auto batch = bench.after(1h, id);
  CHECK(batch.status == RemoteStatus::expired);
  CHECK(batch.ended_at == k_start + 60s);
  CHECK(batch.progress.completed == 5);
  CHECK(batch.progress.failed == 0);
  const auto done = bench.custom_ids_of(batch.output_file_id);
  const auto rest = bench.custom_ids_of(batch.error_file_id);
  CHECK(done.size() == 5);
  CHECK(rest.size() == 5);
  std::set<std::string> all(done.begin(), done.end());
  all.insert(rest.begin(), rest.end());
  CHECK(all.size() == 10);
  CHECK_THAT(
      bench.lines_of(batch.error_file_id).front(),
      ContainsSubstring(
          R"("response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."})"));
  CHECK(bench.engine().billed().requests == 5);
}

TEST_CASE(
    "a batch may expire before it ran anything, or when it only had to be finished", "[sandbox]") {
  Options options = timed_options();
  options.window_seconds = 5;
  Bench early(options);
  auto batch = early.after(1h, early.submit(3));
  CHECK(batch.status == RemoteStatus::expired);
  CHECK_FALSE(batch.output_file_id);
  CHECK(early.lines_of(batch.error_file_id).size() == 3);

  options.window_seconds = 112;
  Bench late(options);
  batch = late.after(1h, late.submit(3));
  CHECK(batch.status == RemoteStatus::expired);
  CHECK(batch.ended_at == k_start + 112s);
  CHECK(late.lines_of(batch.output_file_id).size() == 3);
  CHECK_FALSE(batch.error_file_id);
}

TEST_CASE("a cancelled batch keeps what it finished and counts the rest nowhere", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(8);
  bench.after(60s, id);
  auto batch = bench.engine().cancel(id);
  CHECK(batch.status == RemoteStatus::cancelling);
  CHECK_FALSE(batch.output_file_id);
  CHECK(bench.after(2'999ms, id).status == RemoteStatus::cancelling);
  batch = bench.after(1ms, id);
  CHECK(batch.status == RemoteStatus::cancelled);
  CHECK(batch.progress.total == 8);
  CHECK(batch.progress.completed == 4);
  CHECK(batch.progress.failed == 0);
  CHECK(bench.lines_of(batch.output_file_id).size() == 4);
  CHECK(bench.lines_of(batch.error_file_id).size() == 4);
  CHECK_THAT(
      bench.lines_of(batch.error_file_id).front(),
      ContainsSubstring(R"("error":{"code":"batch_cancelled")"));
}

TEST_CASE("a batch that is cancelled while validating has no files at all", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(8);
  bench.engine().cancel(id);
  const auto batch = bench.after(1h, id);
  CHECK(batch.status == RemoteStatus::cancelled);
  CHECK(batch.progress.total == 0);
  CHECK_FALSE(batch.output_file_id);
  CHECK_FALSE(batch.error_file_id);
}

TEST_CASE("only a batch that is under way can be cancelled, or one that was", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(1);
  bench.engine().cancel(id);
  CHECK(bench.engine().cancel(id).status == RemoteStatus::cancelling);
  bench.after(1h, id);
  CHECK(bench.engine().cancel(id).status == RemoteStatus::cancelled);
  const auto done = bench.submit(1);
  bench.after(1h, done);
  CHECK_THROWS_WITH(bench.engine().cancel(done), "Cannot cancel a batch with status 'completed'.");
  CHECK_THROWS_WITH(bench.engine().cancel("batch_x"), "No batch found with id 'batch_x'.");
}

TEST_CASE("texts fail as they ask to, in both shapes of error lines", "[sandbox]") {
  Bench bench;
  const auto http = bench.submit(2, "[[fail:429]]");
  const auto other = bench.submit(2, "[[fail:request_timeout]]");
  const auto batch = bench.after(1h, http);
  CHECK(batch.status == RemoteStatus::completed);
  CHECK(batch.progress.failed == 2);
  CHECK_FALSE(batch.output_file_id);
  const auto line = json::Document::parse(bench.lines_of(batch.error_file_id).front(), "line");
  const auto response = line.root().find("response").value();
  CHECK(response.integer("status_code") == 429);
  CHECK(response.find("body")->find("error")->string("code") == "429");
  CHECK_FALSE(line.root().find("error"));
  CHECK_THAT(
      bench.lines_of(bench.engine().find(other)->error_file_id).front(),
      ContainsSubstring(R"("response":null,"error":{"code":"request_timeout")"));
  CHECK(bench.engine().billed().requests == 0);
}

TEST_CASE("a request that the endpoint refuses fails alone", "[sandbox]") {
  Bench bench;
  const auto id = bench.create(bench.store(
      R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":""}})"
      "\n"
      R"({"custom_id":"b","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":"x"}})"));
  const auto batch = bench.after(1h, id);
  CHECK(batch.progress.completed == 1);
  CHECK(bench.custom_ids_of(batch.error_file_id) == std::vector<std::string>{"a"});
  CHECK_THAT(
      bench.lines_of(batch.error_file_id).front(),
      ContainsSubstring(R"("status_code":400)") && ContainsSubstring("'$.input' is invalid."));
}

TEST_CASE("every n-th line fails where that is asked for", "[sandbox]") {
  Options options = timed_options();
  options.fail_every = 3;
  Bench bench(options);
  const auto batch = bench.after(1h, bench.submit(10));
  CHECK(batch.progress.completed == 7);
  const auto failed = bench.custom_ids_of(batch.error_file_id);
  CHECK(std::set(failed.begin(), failed.end()) == std::set<std::string>{"row-2", "row-5", "row-8"});
  std::size_t without_response = 0;
  for (const std::string& line : bench.lines_of(batch.error_file_id))
    without_response += line.find(R"("response":null)") != std::string::npos ? 1 : 0;
  CHECK(without_response == 1);
}

TEST_CASE("a batch fails in validation when its file is not there", "[sandbox]") {
  Bench bench;
  const auto batch = bench.after(10s, bench.create("file-nowhere"));
  CHECK(batch.status == RemoteStatus::failed);
  REQUIRE(batch.errors.size() == 1);
  CHECK(batch.errors[0].code == "invalid_request");
  CHECK(batch.errors[0].param == "file_id");
  CHECK_FALSE(batch.errors[0].line);
  CHECK_THAT(batch.errors[0].message, StartsWith("Cannot find file file-nowhere, or organization"));
  CHECK(batch.progress.total == 0);
}

TEST_CASE("deleting the input file does not disturb a batch that has it", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(4);
  const auto batch = bench.after(10s, id);
  CHECK(bench.files.remove(batch.request.input_file_id));
  CHECK(bench.after(1h, id).progress.completed == 4);
}

TEST_CASE("the queue's tokens are refused while other batches hold them", "[sandbox]") {
  Options options = timed_options();
  options.queue_tokens = 10;
  Bench bench(options);
  const auto first = bench.submit(2);
  const auto second = bench.submit(2);
  CHECK(bench.after(10s, first).status == RemoteStatus::in_progress);
  auto batch = bench.engine().find(second).value();
  CHECK(batch.status == RemoteStatus::failed);
  REQUIRE(batch.errors.size() == 1);
  CHECK(batch.errors[0].code == "token_limit_exceeded");
  CHECK(
      batch.errors[0].message
      == "Enqueued token limit reached for text-embedding-3-small in organization org-sandbox. "
         "Limit: 10 enqueued tokens. Please try again once some in_progress batches have been "
         "completed.");
  bench.after(1h, first);
  CHECK(
      bench.after(1h, bench.create(batch.request.input_file_id)).status == RemoteStatus::completed);
}

TEST_CASE("a clean batch may have an empty error_file_id", "[sandbox]") {
  Options options = timed_options();
  options.empty_error_file_id = true;
  Bench bench(options);
  const auto batch = bench.after(1h, bench.submit(1));
  CHECK(batch.error_file_id == "");
  CHECK_THAT(batch.json(), ContainsSubstring(R"("error_file_id":"")"));
}

TEST_CASE("a new process goes on where the old one stopped, and bills nothing again", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(10);
  CHECK(bench.after(60s, id).progress.executed == 5);
  bench.restart();
  CHECK(bench.engine().find(id)->progress.executed == 5);
  const auto batch = bench.after(1h, id);
  CHECK(batch.status == RemoteStatus::completed);
  CHECK(bench.lines_of(batch.output_file_id).size() == 10);
  const auto billed = bench.engine().billed();
  CHECK(billed.requests == 10);
  CHECK(billed.custom_ids == 10);
  CHECK(billed.billed_again == 0);
}

TEST_CASE("what a killed process wrote past its state is done again, not twice", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(10);
  bench.after(60s, id);
  const BatchPaths paths(bench.folder.path() / "batches", id);
  const auto state = read_file(paths.state, 100'000);
  bench.after(20s, id);
  replace_file(paths.state, state);
  bench.restart();
  const auto batch = bench.after(1h, id);
  const auto ids = bench.custom_ids_of(batch.output_file_id);
  CHECK(ids.size() == 10);
  CHECK(std::set(ids.begin(), ids.end()).size() == 10);
  CHECK(bench.engine().billed().requests == 10);
}

TEST_CASE("a process killed while a batch ended ends it again the same way", "[sandbox]") {
  Bench bench;
  const auto id = bench.submit(4, "[[fail:500]] or not");
  const auto other = bench.submit(4);
  bench.after(110s, id);
  const BatchPaths paths(bench.folder.path() / "batches", other);
  const auto state = read_file(paths.state, 100'000);
  const auto ended = bench.after(1h, other);
  replace_file(paths.state, state);
  bench.restart();
  const auto again = bench.after(0s, other);
  CHECK(again.status == RemoteStatus::completed);
  CHECK(again.output_file_id == ended.output_file_id);
  CHECK(bench.lines_of(again.output_file_id).size() == 4);
}

TEST_CASE("batches are listed newest first, page by page", "[sandbox]") {
  Bench bench;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.insert(ids.begin(), bench.create("file-x"));
  bench.restart();
  std::vector<std::string> seen;
  std::string after;
  for (bool more = true; more;) {
    const auto page = bench.engine().list(after, 2).value();
    for (const Batch& batch : page.items)
      seen.push_back(batch.id);
    after = seen.back();
    more = page.has_more;
  }
  CHECK(seen == ids);
  CHECK_FALSE(bench.engine().list("batch_x", 2));
}
