#pragma once

#include "pipeline/repeats.hpp"
#include "requests/answer_reader.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace embedctl::pipeline {

// Why a line is not, or not alone, the result of a row.
enum class Stray {
  damaged,     // it belongs to no row
  unknown,     // it has an id that is none of ours
  conflicting, // its row has another result, too, that differs
};

struct AnswerVisitor {
  std::function<void(std::size_t row, std::span<const float> vector)> vector;
  std::function<void(std::size_t row, const requests::Failure& failure)> failure;
  std::function<void(std::string_view line, Stray why)> stray;
};

// Visits every stray line as it comes, and every row of the ledger exactly once, with what the
// result files say of it: a vector of `dims` finite numbers, or why there is none. A row that no
// file mentions has failed as well; `ended_as` is the provider's word for what became of the batch.
void for_each_answer(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const Repeats& repeats,
    std::size_t dims,
    const std::string& ended_as,
    const AnswerVisitor& visitor);

} // namespace embedctl::pipeline
