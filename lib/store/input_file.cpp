#include "store/input_file.hpp"

#include "base/bytes.hpp"

namespace embedctl::store {

namespace {

constexpr std::size_t k_block = std::size_t{1} << 20;

} // namespace

void InputFile::add(std::string_view line) {
  std::string& block = m_blocks.making();
  block += line;
  if (block.size() >= k_block)
    m_blocks.pass_on();
}

std::string InputFile::finish() {
  m_blocks.finish();
  m_file.commit();
  return to_hex(m_digest.finish());
}

void InputFile::store(std::string& block) {
  m_digest.add(block);
  m_file.write(block);
  m_file.start_writeback();
  block.clear();
}

} // namespace embedctl::store
