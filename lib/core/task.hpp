#pragma once

#include "core/request.hpp"

#include <string>

namespace embedctl {

// The rows that a task reads.
struct Rows {
  std::string table;
  std::string key_column;
  std::string scope_column; // one run takes the rows of one scope
  std::string text_column;

  friend bool operator==(const Rows&, const Rows&) = default;
};

// The table of scopes; a scope without a row there does not exist.
struct Scopes {
  std::string table;
  std::string key_column;
  std::string noun; // what messages call a scope

  friend bool operator==(const Scopes&, const Scopes&) = default;
};

// Where answers go: a column of the rows' own table.
struct Target {
  std::string column;

  friend bool operator==(const Target&, const Target&) = default;
};

// One thing to be filled by one kind of request, as data: the pipeline knows no table by name.
struct Task {
  std::string entity;
  std::string name;
  Rows rows;
  Scopes scopes;
  Request request;
  Target target;

  // Named as release 0.1.0 did, which knew no other task: run folders lie under the scope alone,
  // keys serve as custom ids, and lists are of "chunk ids".
  bool built_in = false;

  friend bool operator==(const Task&, const Task&) = default;
};

} // namespace embedctl
