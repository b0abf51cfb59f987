#pragma once

#include "core/task.hpp"
#include "store/fields.hpp"
#include "json/writer.hpp"

namespace embedctl::store {

// The member `task` of run.json.
void write_task(json::Writer& writer, const Task& task);
Task read_task(const Fields& task);

// The task of a format 1 run.json: its member `entity`, and `encoding` next to it.
Task read_task_of_format_1(const Fields& run);

} // namespace embedctl::store
