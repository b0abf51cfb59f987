#include "core/entity.hpp"

namespace embedctl {

Entity built_in_entity() {
  Entity entity;
  entity.name = "knowledge_chunks";
  entity.table = "knowledge_chunks";
  entity.key_column = "id";
  entity.scope_column = "family_id";
  entity.text_column = "content";
  entity.target_column = "embedding";
  entity.scope_table = "equipment_families";
  entity.scope_key_column = "id";
  entity.scope_noun = "family";
  entity.model = "text-embedding-3-small";
  entity.dims = 1536;
  return entity;
}

} // namespace embedctl
