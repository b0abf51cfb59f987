#include "entities/built_in.hpp"

namespace embedctl::entities {

Task built_in_task() {
  Task task;
  task.entity = "knowledge_chunks";
  task.name = "embed";
  task.rows = {"knowledge_chunks", "id", "family_id", "content"};
  task.scopes = {"equipment_families", "id", "family"};
  task.request.model = "text-embedding-3-small";
  task.request.dims = 1536;
  task.target = {"embedding"};
  task.built_in = true;
  return task;
}

} // namespace embedctl::entities
