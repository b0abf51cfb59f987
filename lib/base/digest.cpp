#include "base/digest.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/input_stream.hpp"

#include <vector>

#include <openssl/evp.h>
#include <sys/random.h>

namespace embedctl {

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : m_context(EVP_MD_CTX_new()) {
  start();
}

void Sha256::start() {
  // Fetched once: fetching it per digest costs more than digesting a short text.
  static EVP_MD* const k_algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (!m_context || EVP_DigestInit_ex(m_context.get(), k_algorithm, nullptr) != 1)
    throw Error(ErrorKind::internal, "cannot start a SHA-256 digest");
}

void Sha256::add(std::string_view bytes) {
  if (EVP_DigestUpdate(m_context.get(), bytes.data(), bytes.size()) != 1)
    throw Error(ErrorKind::internal, "cannot compute a SHA-256 digest");
}

std::array<std::byte, 32> Sha256::finish() {
  std::array<std::byte, 32> digest{};
  if (EVP_DigestFinal_ex(m_context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr)
      != 1)
    throw Error(ErrorKind::internal, "cannot finish a SHA-256 digest");
  start();
  return digest;
}

std::array<std::byte, 32> sha256_of(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.finish();
}

std::string sha256_of(InputStream& stream) {
  Sha256 digest;
  std::vector<char> buffer(std::size_t{256} * 1024);
  while (const std::size_t got = stream.read(buffer))
    digest.add({buffer.data(), got});
  return to_hex(digest.finish());
}

std::string sha256_of_file(const std::filesystem::path& path) {
  FileStream file(path);
  return sha256_of(file);
}

std::string random_hex(std::size_t bytes) {
  std::vector<std::byte> random(bytes);
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    throw Error(ErrorKind::io, "cannot get random bytes from the kernel");
  return to_hex(random);
}

} // namespace embedctl
