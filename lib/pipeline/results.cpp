#include "pipeline/results.hpp"

#include "store/archive.hpp"

#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

void visit_answer(
    const requests::Answer& result,
    std::size_t request,
    const store::Ledger& ledger,
    std::size_t dims,
    const AnswerVisitor& visitor) {
  const auto fail = [&](const requests::Failure& failure) {
    ledger.for_each_row_of(request, [&](std::size_t row) { visitor.failure(row, failure); });
  };
  if (const auto* failure = std::get_if<requests::Failure>(&result))
    return fail(*failure);
  const auto vector = std::get<requests::Embedding>(result).values;
  if (vector.size() != dims)
    return fail(
        {"wrong_width", fmt::format("got {} numbers instead of {}", vector.size(), dims)});
  ledger.for_each_row_of(request, [&](std::size_t row) { visitor.vector(row, vector); });
}

} // namespace

void for_each_answer(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const Repeats& repeats,
    std::size_t dims,
    const std::string& ended_as,
    const AnswerVisitor& visitor) {
  std::vector<bool> visited(ledger.requests());
  for (const auto& file : result_files(paths, batch)) {
    requests::AnswerReader reader(RequestKind::embed, store::open_either(file, batch));
    while (reader.next()) {
      const auto id = reader.custom_id();
      const auto request = id ? ledger.find_request(*id) : std::nullopt;
      if (!request || repeats.conflicting[*request])
        visitor.stray(
            reader.line(), !id        ? Stray::damaged
                           : !request ? Stray::unknown
                                      : Stray::conflicting);
      if (!request || visited[*request])
        continue;
      visited[*request] = true;
      if (repeats.conflicting[*request])
        ledger.for_each_row_of(*request, [&](std::size_t row) {
          visitor.failure(
              row,
              {"conflicting_results", "several results that differ; all are in quarantine.jsonl"});
        });
      else
        visit_answer(reader.answer(), *request, ledger, dims, visitor);
    }
  }
  for (std::size_t request = 0; request < ledger.requests(); ++request)
    if (!visited[request])
      ledger.for_each_row_of(request, [&](std::size_t row) {
        visitor.failure(
            row, {"no_result",
                  fmt::format("the batch is {} and gave no result for this row", ended_as)});
      });
}

} // namespace embedctl::pipeline
