#include "store/input_file.hpp"

#include "base/bytes.hpp"

#include <utility>

namespace embedctl::store {

namespace {

constexpr std::size_t k_block = std::size_t{1} << 20;

} // namespace

void InputFile::add(std::string_view line) {
  m_making += line;
  if (m_making.size() >= k_block)
    hand_over();
}

std::string InputFile::finish() {
  if (m_stored.valid())
    m_stored.get();
  std::swap(m_making, m_storing);
  store_block();
  m_file.commit();
  return to_hex(m_digest.finish());
}

void InputFile::hand_over() {
  if (m_stored.valid())
    m_stored.get();
  std::swap(m_making, m_storing);
  m_stored = std::async(std::launch::async, [this] { store_block(); });
}

void InputFile::store_block() {
  m_digest.add(m_storing);
  m_file.write(m_storing);
  m_storing.clear();
}

} // namespace embedctl::store
