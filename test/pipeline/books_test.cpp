#include "pipeline/books.hpp"

#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pipeline;

namespace {

// Of ten requests.
bool has_no_more(RemoteStatus status, const RequestCounts& counts, int answered) {
  store::BatchRecord batch;
  batch.requests = 10;
  batch.remote.emplace();
  batch.remote->status = status;
  batch.remote->counts = counts;
  return pipeline::has_no_more(batch, static_cast<std::uint64_t>(answered));
}

constexpr RequestCounts k_not_told;

} // namespace

TEST_CASE("a batch whose requests all have a line is settled, whatever the counts say", "[pipeline]") {
  CHECK(has_no_more(RemoteStatus::completed, k_not_told, 10));
  CHECK(has_no_more(RemoteStatus::completed, {10, 3, 0, true}, 10));
  CHECK(has_no_more(RemoteStatus::cancelled, {10, 4, 0, true}, 10)); // the rest has lines, uncounted
}

TEST_CASE("a completed batch has a line for each request", "[pipeline]") {
  for (const RequestCounts& counts :
       {RequestCounts{10, 10, 0, true}, RequestCounts{10, 9, 0, true}, RequestCounts{9, 9, 0, true},
        RequestCounts{0, 0, 0, true}, k_not_told})
    CHECK_FALSE(has_no_more(RemoteStatus::completed, counts, 9));
}

TEST_CASE("a batch that was cut off ran what it counts", "[pipeline]") {
  for (const RemoteStatus status :
       {RemoteStatus::expired, RemoteStatus::cancelled, RemoteStatus::failed}) {
    CHECK(has_no_more(status, {10, 5, 1, true}, 6));
    CHECK_FALSE(has_no_more(status, {10, 5, 1, true}, 5));
    CHECK_FALSE(has_no_more(status, {10, 5, 0, true}, 9)); // which of these are the five?
    CHECK(has_no_more(status, {0, 0, 0, true}, 0));
    CHECK_FALSE(has_no_more(status, k_not_told, 0));
    CHECK_FALSE(has_no_more(status, k_not_told, 5));
  }
}

TEST_CASE("without the error file, what was paid for is enough", "[pipeline]") {
  store::BatchRecord batch;
  batch.requests = 10;
  batch.errors_lost = true;
  batch.remote.emplace();
  batch.remote->status = RemoteStatus::completed;
  batch.remote->counts = {10, 8, 2, true};
  CHECK(pipeline::has_no_more(batch, 8));
  CHECK_FALSE(pipeline::has_no_more(batch, 7));
}
