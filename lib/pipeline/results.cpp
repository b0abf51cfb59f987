#include "pipeline/results.hpp"

#include "store/archive.hpp"

#include <vector>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

void visit_answer(
    const requests::Answer& answer,
    std::size_t number,
    const store::Ledger& ledger,
    std::size_t dims,
    const AnswerVisitor& visitor) {
  const auto fail = [&](const requests::Failure& failure) {
    ledger.for_each_row_of(number, [&](std::size_t row) { visitor.failure(row, failure); });
  };
  if (const auto* failure = std::get_if<requests::Failure>(&answer))
    return fail(*failure);
  const auto vector = std::get<requests::Embedding>(answer).values;
  if (vector.size() != dims)
    return fail({"wrong_width", fmt::format("got {} numbers instead of {}", vector.size(), dims)});
  ledger.for_each_row_of(number, [&](std::size_t row) { visitor.vector(row, vector); });
}

} // namespace

void for_each_answer(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const Repeats& repeats,
    const Request& request,
    const AnswerVisitor& visitor) {
  const auto dims = static_cast<std::size_t>(request.dims);
  std::vector<bool> visited(ledger.requests());
  for (const auto& file : result_files(paths, batch)) {
    requests::AnswerReader reader(request.kind, store::open_either(file, batch));
    while (reader.next()) {
      const auto id = reader.custom_id();
      const auto number = id ? ledger.find_request(*id) : std::nullopt;
      if (!number || repeats.conflicting[*number])
        visitor.stray(
            reader.line(), !id       ? Stray::damaged
                           : !number ? Stray::unknown
                                     : Stray::conflicting);
      if (!number || visited[*number])
        continue;
      visited[*number] = true;
      if (repeats.conflicting[*number])
        ledger.for_each_row_of(*number, [&](std::size_t row) {
          visitor.failure(
              row,
              {"conflicting_results", "several different answers; all are in quarantine.jsonl"});
        });
      else
        visit_answer(reader.answer(), *number, ledger, dims, visitor);
    }
  }
  for (std::size_t number = 0; number < ledger.requests(); ++number)
    if (!visited[number])
      visitor.missing(number);
}

} // namespace embedctl::pipeline
