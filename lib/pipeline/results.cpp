#include "pipeline/results.hpp"

#include "store/archive.hpp"

#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

void visit_answer(
    const requests::Answer& answer,
    std::size_t row,
    std::size_t dims,
    const AnswerVisitor& visitor) {
  if (const auto* failure = std::get_if<requests::Failure>(&answer))
    return visitor.failure(row, *failure);
  const auto vector = std::get<requests::Embedding>(answer).values;
  if (vector.size() != dims)
    return visitor.failure(
        row, {"wrong_width", fmt::format("got {} numbers instead of {}", vector.size(), dims)});
  visitor.vector(row, vector);
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
  std::vector<bool> visited(ledger.size());
  for (const auto& file : result_files(paths, batch)) {
    requests::AnswerReader reader(store::open_either(file, batch));
    while (reader.next()) {
      const auto id = reader.custom_id();
      const auto row = id ? ledger.find(*id) : std::nullopt;
      if (!row || repeats.conflicting[*row])
        visitor.stray(
            reader.line(), !id    ? Stray::damaged
                           : !row ? Stray::unknown
                                  : Stray::conflicting);
      if (!row || visited[*row])
        continue;
      visited[*row] = true;
      if (repeats.conflicting[*row])
        visitor.failure(
            *row,
            {"conflicting_results", "several results that differ; all are in quarantine.jsonl"});
      else
        visit_answer(reader.answer(), *row, dims, visitor);
    }
  }
  for (std::size_t row = 0; row < ledger.size(); ++row)
    if (!visited[row])
      visitor.failure(
          row,
          {"no_result", fmt::format("the batch is {} and gave no result for this row", ended_as)});
}

} // namespace embedctl::pipeline
