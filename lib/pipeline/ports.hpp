#pragma once

#include "core/answer_sink.hpp"
#include "core/index_keeper.hpp"
#include "core/row_source.hpp"
#include "pipeline/executor.hpp"
#include "pipeline/runtime.hpp"

namespace embedctl::pipeline {

// What a run needs to advance.
struct Ports {
  RowSource& source;
  Executor& executor;
  AnswerSink& sink;
  IndexKeeper* indexes; // null for a target that cannot have any
  Runtime runtime;
};

} // namespace embedctl::pipeline
