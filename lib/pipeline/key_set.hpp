#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pipeline {

// A set of strings that only grows until it is cleared: open addressing over one piece of memory,
// because a set of nodes costs a tenth of a submit.
class KeySet {
public:
  // False if it is in there already.
  bool add(std::string_view key);

  void clear();

private:
  // Small, so that those of a batch stay in the processor's cache.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0; // of the key, from 1; 0 if the slot is free
  };

  std::string_view key(std::uint32_t number) const;

  // The slot of this key, or the free one where it belongs.
  Slot& slot_of(std::uint32_t hash, std::string_view key);
  void grow();

  std::string m_bytes;             // of all keys, one after the other
  std::vector<std::size_t> m_ends; // where each ends
  std::vector<Slot> m_slots;       // a power of two
};

} // namespace embedctl::pipeline
