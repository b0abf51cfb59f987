#pragma once

#include "core/task.hpp"

#include <string>

#include <libpq-fe.h>

namespace embedctl::pg {

class Connection;

// What the statements need to know of the entity's table.
struct TableShape {
  std::string key_type;  // "uuid"
  Oid vector = 0;        // pgvector's vector, whose number differs between databases
  Oid vector_array = 0;  // vector[]
  std::string as_target; // cast from vector to the target's type: "" or "::public.halfvec"
  std::string equals;    // pgvector's own =, whatever the search path
};

// Throws Error{database} with a hint where the entity's tables cannot take part: something is
// missing, not allowed, of another type or of another width.
TableShape inspect(Connection& connection, const Task& task);

} // namespace embedctl::pg
