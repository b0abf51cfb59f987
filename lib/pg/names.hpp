#pragma once

#include "core/task.hpp"

#include <string>
#include <string_view>

namespace embedctl::pg {

class Connection;

// The task's names as quoted SQL identifiers.
struct Names {
  std::string table;
  std::string key;
  std::string scope;
  std::string text;
  std::string target;
  std::string scope_table;
  std::string scope_key;
  std::string encoding; // of the bytes that a fingerprint is taken from
};

Names quote_names(const Connection& connection, const Task& task);

// "schema.table" or "table"; everything after the first dot is the table, dots included.
std::string quote_table(const Connection& connection, std::string_view table);

// The row's text and its fingerprint: the source and the sink must use the same expressions.
std::string text_sql(const Names& names);
std::string fingerprint_sql(const Names& names);

} // namespace embedctl::pg
