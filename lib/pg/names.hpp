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
  std::string encoding;       // of the bytes that a fingerprint is taken from
  std::string untranslatable; // see untranslatable_bytes()
};

Names quote_names(Connection& connection, const Task& task);

// "schema.table" or "table"; everything after the first dot is the table, dots included.
std::string quote_table(const Connection& connection, std::string_view table);

// The row's text and its fingerprint: the source and the sink must use the same expressions. A text
// without an equivalent in UTF-8 reads as one byte that is not UTF-8; a server that is asked to
// convert it refuses the whole statement.
std::string text_sql(const Names& names);
std::string fingerprint_sql(const Names& names);

} // namespace embedctl::pg
