#include "zst/pack.hpp"

#include "base/bytes.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/input_stream.hpp"
#include "zst/packed_stream.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

namespace embedctl::zst {

namespace {

// Measured on vectors, which are noise: level 2 and 3 take longer and make larger files, because
// they see repeats where there are none.
constexpr int k_level = 1;

// 512 KiB: nothing repeats over more than a few lines.
constexpr int k_window_log = 19;

// More would want more memory, and one batch is packed as fast as a disk writes it anyway.
constexpr unsigned k_most_workers = 4;

// What each worker takes at a time, and with its output holds in memory.
constexpr int k_job_size = 1024 * 1024;

constexpr std::size_t k_buffer_size = std::size_t{256} * 1024;

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw Error(ErrorKind::io, fmt::format("cannot pack \"{}\": {}", file.string(), why));
}

class Packer {
public:
  Packer(const fs::path& file, AtomicFile& archive) : m_file(file), m_archive(archive) {
    if (!m_context)
      throw std::bad_alloc();
    set(ZSTD_c_compressionLevel, k_level);
    set(ZSTD_c_windowLog, k_window_log);
    set(ZSTD_c_checksumFlag, 1);
    const auto workers =
        static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, k_most_workers));
    // A library that was built without threads refuses, and does it all in this one.
    if (ZSTD_isError(ZSTD_CCtx_setParameter(m_context.get(), ZSTD_c_nbWorkers, workers)) == 0)
      set(ZSTD_c_jobSize, k_job_size);
    checked(ZSTD_CCtx_setPledgedSrcSize(m_context.get(), embedctl::file_size(file)));
  }

  void add(std::span<const char> bytes) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (in.pos < in.size)
      step(in, ZSTD_e_continue);
  }

  void finish() {
    ZSTD_inBuffer none{nullptr, 0, 0};
    while (step(none, ZSTD_e_end) > 0) {
    }
  }

private:
  std::size_t checked(std::size_t result) const {
    if (ZSTD_isError(result))
      refuse(m_file, ZSTD_getErrorName(result));
    return result;
  }
  void set(ZSTD_cParameter parameter, int value) {
    checked(ZSTD_CCtx_setParameter(m_context.get(), parameter, value));
  }
  // What it returns is still to be flushed.
  std::size_t step(ZSTD_inBuffer& in, ZSTD_EndDirective directive) {
    ZSTD_outBuffer out{m_out.data(), m_out.size(), 0};
    const std::size_t left = checked(ZSTD_compressStream2(m_context.get(), &out, &in, directive));
    m_archive.write({m_out.data(), out.pos});
    return left;
  }

  fs::path m_file;
  AtomicFile& m_archive;
  std::unique_ptr<ZSTD_CCtx, Free> m_context{ZSTD_createCCtx()};
  std::vector<char> m_out = std::vector<char>(k_buffer_size);
};

Content content_of(InputStream& stream, const StopFlag& stop) {
  Content content;
  Sha256 digest;
  std::vector<char> buffer(k_buffer_size);
  while (const std::size_t got = stream.read(buffer)) {
    stop.throw_if_requested();
    digest.add({buffer.data(), got});
    content.bytes += got;
  }
  content.sha256 = to_hex(digest.finish());
  return content;
}

// What is read through it is packed as well.
class PackedOnTheWay : public InputStream {
public:
  PackedOnTheWay(const fs::path& file, Packer& packer) : m_stream(file), m_packer(packer) {}

  std::size_t read(std::span<char> room) override {
    const std::size_t got = m_stream.read(room);
    m_packer.add(room.first(got));
    return got;
  }

private:
  FileStream m_stream;
  Packer& m_packer;
};

} // namespace

Content pack(const fs::path& file, const fs::path& archive, const StopFlag& stop) {
  AtomicFile packed(archive);
  Packer packer(file, packed);
  PackedOnTheWay stream(file, packer);
  const Content content = content_of(stream, stop);
  packer.finish();
  try {
    check_packed(packed.sync(), content, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt)
      throw;
    refuse(file, fmt::format("the archive does not read back as written: {}", error.what()));
  }
  packed.commit();
  return content;
}

void check_packed(
    const fs::path& archive,
    const Content& content,
    const StopFlag& stop,
    const std::string& hint) {
  PackedStream stream(archive, content.bytes, hint);
  if (content_of(stream, stop) != content)
    throw Error(
        ErrorKind::corrupt,
        fmt::format("\"{}\" is damaged: its content is not what was packed", archive.string()),
        hint);
}

} // namespace embedctl::zst
