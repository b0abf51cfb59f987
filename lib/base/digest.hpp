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

// Incremental SHA-256.
class Sha256 {
public:
  Sha256();
  void add(std::string_view bytes);

  // Resets the object for reuse.
  std::array<std::byte, 32> finish();

private:
  void start();

  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> m_context;
};

std::array<std::byte, 32> sha256_of(std::string_view bytes);

// The SHA-256 of a whole stream, as hex.
std::string sha256_of(InputStream& stream);

// The SHA-256 of a whole file, as hex.
std::string sha256_of_file(const std::filesystem::path& path);

// Random bytes from the kernel, as hex.
std::string random_hex(std::size_t bytes);

} // namespace embedctl
