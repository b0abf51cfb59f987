#pragma once

#include "base/error.hpp"
#include "core/index_keeper.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace embedctl::test {

// A table's indexes in memory. `calls` tells in which order things were done to them.
class FakeIndexKeeper : public IndexKeeper {
public:
  IndexSurvey survey() override {
    IndexSurvey survey = costs;
    survey.indexes = indexes;
    return survey;
  }

  std::uint64_t count_vectors() override {
    calls.emplace_back("count");
    return vectors;
  }

  void drop(const Record& record) override {
    if (before_drop)
      before_drop();
    record(indexes);
    calls.emplace_back("drop");
    indexes.clear();
    if (after_drop)
      after_drop();
  }

  Rebuilt build(const VectorIndex& index) override {
    calls.push_back("build " + index.name);
    if (before_build)
      before_build(index);
    for (VectorIndex& there : indexes)
      if (there.name == index.name && there.definition != index.definition) {
        throw Error(ErrorKind::database, "another index has the name");
      } else if (there.name == index.name) {
        there = index; // the comment, too
        return Rebuilt::found;
      }
    indexes.push_back(index);
    return Rebuilt::built;
  }

  std::vector<VectorIndex> indexes;
  IndexSurvey costs{{}, {}, 0.005, 3, 1'000'000};
  std::uint64_t vectors = 0;
  std::vector<std::string> calls;
  std::function<void()> before_drop;
  std::function<void()> after_drop;
  std::function<void(const VectorIndex&)> before_build;
};

inline VectorIndex some_index(const std::string& name = "public.embedding_idx") {
  VectorIndex index;
  index.name = name;
  index.table = "public.knowledge_chunks";
  index.table_id = 16'384;
  index.definition = "CREATE INDEX embedding_idx ON public.knowledge_chunks USING hnsw (embedding "
                     "public.vector_cosine_ops)";
  index.bytes_per_row = 7000;
  return index;
}

} // namespace embedctl::test
