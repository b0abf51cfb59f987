#pragma once

#include "base/relay.hpp"
#include "core/rows.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace embedctl::pipeline {

// Passes rows to another thread, so that receiving and fingerprinting overlap with formatting
// requests.
class RowRelay {
public:
  using Take = std::function<void(const SourceRow&)>;

  // `take` runs on its own thread.
  explicit RowRelay(Take take)
      : m_blocks([take = std::move(take)](Block& block) { use(block, take); }) {}

  // Throws if an earlier row failed.
  void add(const SourceRow& row);

  // Waits until all rows are taken; throws if one failed.
  void finish() { m_blocks.finish(); }

private:
  struct Place {
    std::size_t key_size;
    std::size_t text_size;
    Fingerprint fingerprint;
  };
  struct Block {
    std::string bytes; // key and text of each row
    std::vector<Place> rows;
  };

  static void use(Block& block, const Take& take);

  Relay<Block> m_blocks;
};

} // namespace embedctl::pipeline
