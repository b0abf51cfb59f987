#pragma once

#include "base/error.hpp"
#include "core/index_keeper.hpp"
#include "pipeline/runtime.hpp"
#include "store/run.hpp"

#include <cstdint>
#include <exception>
#include <string>

namespace embedctl::pipeline {

// What becomes of HNSW and IVFFlat indexes of the target column while vectors are written.
enum class IndexPolicy {
  keep,      // they stay, and slow it down
  rebuild,   // they are dropped before and built again afterwards
  automatic, // rebuild where that is faster and allowed
};

// Where the target has no such indexes, there is no keeper, and none of this does anything.

// Throws Error{database} where they shall be rebuilt and this user cannot: before anything is sent.
void check_policy(IndexPolicy policy, IndexKeeper* keeper);

// Whether to drop them for writing so many rows. Where they stay, says what that costs.
bool wants_rebuild(IndexPolicy policy, std::uint64_t rows, IndexKeeper* keeper, Runtime runtime);

// Drops the indexes when the writing begins and builds them again after it. What is dropped is in
// indexes.json of the run folder first, and until it is back. The run must be locked.
class IndexCare {
public:
  IndexCare(store::Run& run, IndexPolicy policy, IndexKeeper* keeper, Runtime runtime);

  // Tells how many rows are about to be written.
  void expect(std::uint64_t rows) { m_rows = rows; }

  // To be called before each write; only the first call acts.
  void before_write();

  // Tries to build every missing index, dropped now or by an earlier run that was cut short; warns
  // of those still missing, then throws the first error.
  void bring_back();

  // The same where the writing failed, if the failure leaves a way to; throws nothing.
  void bring_back_after(const std::exception& failure);

private:
  void note(NoteLevel level, const std::string& what) const;
  void drop();
  void build_missing();
  void build(const VectorIndex& index);
  void tell_missing();

  store::Run& m_run;
  IndexPolicy m_policy;
  IndexKeeper* m_keeper;
  Runtime m_runtime;
  std::uint64_t m_rows = 0;
  bool m_begun = false;
};

} // namespace embedctl::pipeline
