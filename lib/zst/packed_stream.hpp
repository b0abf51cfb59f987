#pragma once

#include "base/input_stream.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct ZSTD_DCtx_s;

namespace embedctl::zst {

// Unpacks a file made by pack(): exactly one zstd frame with content of the given length. Uses
// about 10 MiB of memory, whatever the file contains. Throws Error{corrupt} with `hint` as soon as
// the file proves damaged or wrong: not zstd, truncated, changed, of another length, needing more
// memory, or with trailing data.
class PackedStream : public InputStream {
public:
  PackedStream(const std::filesystem::path& path, std::uint64_t length, std::string hint = {});
  std::size_t read(std::span<char> room) override;

private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  [[noreturn]] void refuse(const std::string& why) const;
  bool fill();
  void check_announced_length() const;

  std::filesystem::path m_path;
  std::string m_hint;
  FileStream m_file;
  std::unique_ptr<ZSTD_DCtx_s, Free> m_context;
  std::vector<char> m_buffer;
  std::size_t m_begin = 0;
  std::size_t m_end = 0;
  std::uint64_t m_length;
  std::uint64_t m_done = 0; // bytes of the content
  bool m_frame_ended = false;
};

} // namespace embedctl::zst
