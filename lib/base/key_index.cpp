#include "base/key_index.hpp"

#include <functional>
#include <utility>

namespace embedctl {

namespace {

std::uint32_t hash_of(std::string_view key) {
  return static_cast<std::uint32_t>(std::hash<std::string_view>()(key));
}

} // namespace

bool KeyIndex::add(std::string_view key) {
  if (5 * (size() + 1) > 4 * m_slots.size())
    grow();
  const std::uint32_t hash = hash_of(key);
  Slot& slot = m_slots[place_of(hash, key)];
  if (slot.number != 0)
    return false;
  m_bytes += key;
  m_ends.push_back(m_bytes.size());
  slot = {hash, static_cast<std::uint32_t>(size())};
  return true;
}

std::optional<std::size_t> KeyIndex::find(std::string_view key) const {
  if (m_slots.empty())
    return std::nullopt;
  const std::uint32_t number = m_slots[place_of(hash_of(key), key)].number;
  return number == 0 ? std::nullopt : std::optional<std::size_t>(number - 1);
}

std::string_view KeyIndex::operator[](std::size_t number) const {
  const std::size_t begin = number == 0 ? 0 : m_ends[number - 1];
  return std::string_view(m_bytes).substr(begin, m_ends[number] - begin);
}

void KeyIndex::clear() {
  m_bytes.clear();
  m_ends.clear();
  m_slots.assign(m_slots.size(), {});
}

std::size_t KeyIndex::place_of(std::uint32_t hash, std::string_view key) const {
  const std::size_t mask = m_slots.size() - 1;
  for (std::size_t place = hash & mask;; place = (place + 1) & mask) {
    const Slot& slot = m_slots[place];
    if (slot.number == 0 || (slot.hash == hash && (*this)[slot.number - 1] == key))
      return place;
  }
}

void KeyIndex::grow() {
  constexpr std::size_t k_fewest = 1024;
  const std::vector<Slot> old =
      std::exchange(m_slots, std::vector<Slot>(m_slots.empty() ? k_fewest : 2 * m_slots.size()));
  for (const Slot& slot : old)
    if (slot.number != 0)
      m_slots[place_of(slot.hash, (*this)[slot.number - 1])] = slot;
}

} // namespace embedctl
