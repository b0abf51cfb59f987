#pragma once

#include "base/relay.hpp"
#include "core/rows.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace embedctl::pipeline {

// Hands rows over to another thread, so that receiving and fingerprinting them goes on while
// requests are made of those that came before.
class RowRelay {
public:
  using Take = std::function<void(const SourceRow&)>;

  // `take` runs on a thread of its own.
  explicit RowRelay(Take take)
      : m_blocks([take = std::move(take)](Block& block) { use(block, take); }) {}

  // Throws what an earlier row has met.
  void add(const SourceRow& row);

  // Waits until all rows are taken; throws what that has met.
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
