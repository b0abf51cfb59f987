#pragma once

#include "core/request.hpp"

#include <string>

namespace embedctl {

// The rows a task reads.
struct Rows {
  std::string table;
  std::string key_column;
  std::string scope_column; // one run takes the rows of one scope
  std::string text_column;

  friend bool operator==(const Rows&, const Rows&) = default;
};

// The table of scopes; a scope must have a row there.
struct Scopes {
  std::string table;
  std::string key_column;
  std::string noun; // what messages call a scope

  friend bool operator==(const Scopes&, const Scopes&) = default;
};

// The column that receives answers, in the rows' own table.
struct Target {
  std::string column;

  friend bool operator==(const Target&, const Target&) = default;
};

// A column to fill by one kind of request, as data: the pipeline hard-codes no table.
struct Task {
  std::string entity;
  std::string name;
  Rows rows;
  Scopes scopes;
  Request request;
  Target target;

  // File names of release 0.1.0, which had only this task: run folders lie directly under the
  // scope, keys serve as custom ids, and lists are named "chunk ids".
  bool built_in = false;

  friend bool operator==(const Task&, const Task&) = default;
};

} // namespace embedctl
