#include "pg/binary_array.hpp"

#include "pg/big_endian.hpp"

namespace embedctl::pg {

namespace {

constexpr std::size_t k_array_header = 5 * sizeof(std::uint32_t);
constexpr std::size_t k_length = sizeof(std::uint32_t);

char* store_header(char* to, Oid element, std::size_t size) {
  to = store_big_endian(to, std::uint32_t{1}); // dimensions
  to = store_big_endian(to, std::uint32_t{0}); // no NULL among them
  to = store_big_endian(to, std::uint32_t{element});
  to = store_big_endian(to, static_cast<std::uint32_t>(size));
  return store_big_endian(to, std::uint32_t{1}); // the first has index 1
}

char* store_bytes(char* to, const void* bytes, std::size_t size) {
  to = store_big_endian(to, static_cast<std::uint32_t>(size));
  std::memcpy(to, bytes, size);
  return to + size;
}

} // namespace

void encode_texts(std::string& out, std::span<const std::string> texts) {
  std::size_t size = k_array_header;
  for (const std::string& text : texts)
    size += k_length + text.size();
  out.resize(size);
  char* to = store_header(out.data(), k_text, texts.size());
  for (const std::string& text : texts)
    to = store_bytes(to, text.data(), text.size());
}

void encode_fingerprints(std::string& out, std::span<const Fingerprint> fingerprints) {
  out.resize(k_array_header + fingerprints.size() * (k_length + sizeof(Fingerprint)));
  char* to = store_header(out.data(), k_bytea, fingerprints.size());
  for (const Fingerprint& fingerprint : fingerprints)
    to = store_bytes(to, fingerprint.data(), fingerprint.size());
}

void encode_vectors(
    std::string& out, Oid element, std::span<const float> values, std::size_t dims) {
  const std::size_t vectors = values.size() / dims;
  const std::size_t vector_size = 2 * sizeof(std::uint16_t) + dims * sizeof(float);
  out.resize(k_array_header + vectors * (k_length + vector_size));
  char* to = store_header(out.data(), element, vectors);
  const float* from = values.data();
  for (std::size_t i = 0; i < vectors; ++i) {
    to = store_big_endian(to, static_cast<std::uint32_t>(vector_size));
    to = store_big_endian(to, static_cast<std::uint16_t>(dims));
    to = store_big_endian(to, std::uint16_t{0}); // unused by pgvector
    for (std::size_t d = 0; d < dims; ++d, ++from)
      to = store_big_endian(to, std::bit_cast<std::uint32_t>(*from));
  }
}

} // namespace embedctl::pg
