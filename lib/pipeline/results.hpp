#pragma once

#include "pipeline/survey.hpp"
#include "store/layout.hpp"
#include "store/ledger.hpp"
#include "json/result_reader.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace embedctl::pipeline {

struct ResultVisitor {
  std::function<void(std::size_t row, std::span<const float> vector)> vector;
  std::function<void(std::size_t row, const json::RowFailure& failure)> failure;
};

// Visits every row of the ledger exactly once, with what the result files say of it: a vector of
// `dims` finite numbers, or why there is none. A row that no file mentions has failed as well;
// `ended_as` is the provider's word for what became of the batch.
void for_each_result(
    const store::BatchPaths& paths,
    const store::BatchRecord& batch,
    const store::Ledger& ledger,
    const Survey& survey,
    std::size_t dims,
    const std::string& ended_as,
    const ResultVisitor& visitor);

} // namespace embedctl::pipeline
