#pragma once

#include "store/run.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace embedctl::pipeline {

// Finds run folders that are copies of each other: both would send the same batches.
class Copies {
public:
  // Throws Error{corrupt} if another folder has the same run_id, unless both are finished.
  void add(const std::filesystem::path& folder, const store::RunRecord& record);

private:
  struct Seen {
    std::filesystem::path folder;
    bool finished = false;
  };
  std::map<std::string, Seen> m_seen;
};

// Throws if another folder under its batches folder is a copy of this run.
void require_no_copy(const store::Run& run);

} // namespace embedctl::pipeline
