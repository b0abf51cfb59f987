#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl {

// Strings, each once, numbered from 0 as they come: open addressing over one piece of memory that
// stays in the processor's cache, because nodes of their own cost a tenth of a submit.
class KeyIndex {
public:
  // False if it is in there already.
  bool add(std::string_view key);

  std::optional<std::size_t> find(std::string_view key) const;
  std::string_view operator[](std::size_t number) const;
  std::size_t size() const { return m_ends.size(); }

  // It keeps its memory.
  void clear();

private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0; // of the key, from 1; 0 if the slot is free
  };

  // Which slot has this key, or is the free one where it belongs.
  std::size_t place_of(std::uint32_t hash, std::string_view key) const;
  void grow();

  std::string m_bytes;             // of all keys, one after the other
  std::vector<std::size_t> m_ends; // where each ends
  std::vector<Slot> m_slots;       // a power of two, at least a fifth of them free
};

} // namespace embedctl
