#pragma once

#include "core/request.hpp"
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

// Why a line is not, or not alone, the answer to a request.
enum class Stray {
  damaged,     // it belongs to no request
  unknown,     // its id is not in the ledger
  conflicting, // its request has another answer as well, which differs
};

struct AnswerVisitor {
  std::function<void(std::size_t row, std::span<const float> vector)> vector;
  std::function<void(std::size_t row, const requests::Failure& failure)> failure;
  std::function<void(std::size_t request)> missing; // no line answers it
  std::function<void(std::string_view line, Stray why)> stray;
};

// Visits every stray line as it comes, and every row of the ledger exactly once, with the answer
// that the result files hold for it: a vector as wide as requested, or a failure. Requests that no
// line answers come last.
void for_each_answer(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const Repeats& repeats,
    const Request& request,
    const AnswerVisitor& visitor);

} // namespace embedctl::pipeline
