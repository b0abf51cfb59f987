#include "pipeline/key_set.hpp"

#include <functional>
#include <utility>

namespace embedctl::pipeline {

bool KeySet::add(std::string_view key) {
  if (5 * (m_ends.size() + 1) > 4 * m_slots.size())
    grow();
  const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>()(key));
  Slot& slot = slot_of(hash, key);
  if (slot.number != 0)
    return false;
  m_bytes += key;
  m_ends.push_back(m_bytes.size());
  slot = {hash, static_cast<std::uint32_t>(m_ends.size())};
  return true;
}

void KeySet::clear() {
  m_bytes.clear();
  m_ends.clear();
  m_slots.assign(m_slots.size(), {});
}

std::string_view KeySet::key(std::uint32_t number) const {
  const std::size_t begin = number == 1 ? 0 : m_ends[number - 2];
  return std::string_view(m_bytes).substr(begin, m_ends[number - 1] - begin);
}

KeySet::Slot& KeySet::slot_of(std::uint32_t hash, std::string_view key) {
  const std::size_t mask = m_slots.size() - 1;
  for (std::size_t i = hash;; ++i) {
    Slot& slot = m_slots[i & mask];
    if (slot.number == 0 || (slot.hash == hash && this->key(slot.number) == key))
      return slot;
  }
}

void KeySet::grow() {
  constexpr std::size_t k_fewest = 1024;
  const std::vector<Slot> old =
      std::exchange(m_slots, std::vector<Slot>(m_slots.empty() ? k_fewest : 2 * m_slots.size()));
  for (const Slot& slot : old)
    if (slot.number != 0)
      slot_of(slot.hash, key(slot.number)) = slot;
}

} // namespace embedctl::pipeline
