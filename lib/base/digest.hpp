#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace embedctl {

class InputStream;

// SHA-256, fed piece by piece.
class Sha256 {
public:
  Sha256();
  void add(std::string_view bytes);

  // Afterwards it is as new.
  std::array<std::byte, 32> finish();

private:
  void start();

  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> m_context;
};

std::array<std::byte, 32> sha256_of(std::string_view bytes);

// The digest of all that a stream gives, as hex.
std::string sha256_of(InputStream& stream);

// The digest of a whole file, as hex.
std::string sha256_of_file(const std::filesystem::path& path);

// So many random bytes from the kernel, as hex.
std::string random_hex(std::size_t bytes);

} // namespace embedctl
