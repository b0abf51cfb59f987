#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

// A set of strings, numbered from 0 in insertion order: open addressing over one block of memory
// that stays in cache. A node-based set would cost a tenth of a submit.
class KeyIndex {
public:
  // False if it is already present.
  bool add(std::string_view key);

  std::optional<std::size_t> find(std::string_view key) const;
  std::string_view operator[](std::size_t number) const;
  std::size_t size() const { return m_ends.size(); }

  // Keeps its memory.
  void clear();

private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0; // of the key, from 1; 0 if the slot is free
  };

  // The slot of this key, or the free slot where it belongs.
  std::size_t place_of(std::uint32_t hash, std::string_view key) const;
  void grow();

  std::string m_bytes;             // of all keys, one after the other
  std::vector<std::size_t> m_ends; // where each ends
  std::vector<Slot> m_slots;       // a power of two, at least a fifth of them free
};

} // namespace embedctl
