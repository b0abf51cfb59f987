#pragma once

#include "core/index_keeper.hpp"
#include "core/task.hpp"

namespace embedctl::pg {

class Connection;

// To be called in a transaction, of which it sets the search path: definitions are then told with
// all names in full, and can be compared.
IndexSurvey survey_indexes(Connection& connection, const Task& task);

} // namespace embedctl::pg
