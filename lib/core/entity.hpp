#pragma once

#include <string>

namespace embedctl {

// What to embed, as data: the pipeline knows no table by name.
struct Entity {
  std::string name;

  std::string table;         // rows to embed
  std::string key_column;    // becomes the custom_id
  std::string scope_column;  // one run embeds the rows of one scope
  std::string text_column;   // what is embedded
  std::string target_column; // where the vector goes

  std::string scope_table; // the rows that scopes are; a scope that is not here does not exist
  std::string scope_key_column;
  std::string scope_noun; // what messages call a scope

  std::string model;
  int dims = 0;

  friend bool operator==(const Entity&, const Entity&) = default;
};

// knowledge_chunks, one equipment family at a time.
Entity built_in_entity();

} // namespace embedctl
