#include "pipeline/row_relay.hpp"

#include <string_view>

namespace embedctl::pipeline {

namespace {

constexpr std::size_t k_block = std::size_t{3072} * 1024;

} // namespace

void RowRelay::add(const SourceRow& row) {
  Block& block = m_blocks.making();
  block.bytes.append(row.key).append(row.text);
  block.rows.push_back({row.key.size(), row.text.size(), row.fingerprint});
  if (block.bytes.size() + block.rows.size() * sizeof(Place) >= k_block)
    m_blocks.pass_on();
}

void RowRelay::use(Block& block, const Take& take) {
  std::string_view rest = block.bytes;
  const auto cut = [&rest](std::size_t size) {
    const std::string_view front = rest.substr(0, size);
    rest.remove_prefix(size);
    return front;
  };
  for (const Place& place : block.rows) {
    SourceRow row;
    row.key = cut(place.key_size);
    row.text = cut(place.text_size);
    row.fingerprint = place.fingerprint;
    take(row);
  }
  if (block.bytes.capacity() > 4 * k_block)
    block.bytes = {}; // a text of rare size, which would stay with each block
  block.bytes.clear();
  block.rows.clear();
}

} // namespace embedctl::pipeline
