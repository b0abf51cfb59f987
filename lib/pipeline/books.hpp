#pragma once

#include "base/error.hpp"
#include "core/batch_provider.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <string>

namespace embedctl::pipeline {

// Whether the requests without a result line were not run, by the provider's own counts, when
// `answered` of them have a line. If not, results are missing that exist or may exist: they are
// asked for again, because selecting their rows again would pay for them twice.
bool has_no_more(const store::BatchRecord& batch, std::uint64_t answered);

// How the provider's words and the result files differ.
std::string difference(const store::BatchRecord& batch, std::uint64_t answered);

// Why an unsettled batch holds its rows, with the command that helps.
Error unsettled_error(const store::Run& run, const store::BatchRecord& batch);

} // namespace embedctl::pipeline
