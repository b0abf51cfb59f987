#pragma once

#include "core/task.hpp"

namespace embedctl::entities {

// Embeds knowledge_chunks, one equipment family at a time.
Task built_in_task();

} // namespace embedctl::entities
