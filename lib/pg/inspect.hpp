#pragma once

#include "core/finding.hpp"
#include "core/task.hpp"

#include <string>
#include <vector>

#include <libpq-fe.h>

namespace embedctl::pg {

class Connection;

// What the statements need to know of the task's table.
struct TableShape {
  std::string key_type;  // "uuid"
  Oid vector = 0;        // pgvector's vector, whose number differs between databases
  Oid vector_array = 0;  // vector[]
  std::string as_target; // cast from vector to the target's type: "" or "::public.halfvec"
  std::string equals;    // pgvector's own =, whatever the search path
  bool acts_on_update = false; // triggers or rules may change what an update has written
  bool row_security = false;   // policies apply to this role
};

struct Inspection {
  TableShape shape; // complete where no finding is an error
  std::vector<Finding> findings;
};

// Finds all that keeps the task's tables from taking part: what is missing, not allowed, of another
// type or of another width.
Inspection inspect(Connection& connection, const Task& task);

// The shape. Throws Error{database} of the first finding that is an error.
TableShape require(Inspection inspection);

} // namespace embedctl::pg
