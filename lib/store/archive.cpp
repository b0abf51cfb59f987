#include "store/archive.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "zst/pack.hpp"
#include "zst/packed_stream.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace embedctl::store {

namespace {

std::array<fs::path, 3> packable_files(const BatchPaths& paths) {
  return {paths.input(), paths.output(), paths.errors()};
}

fs::path archive_of(const fs::path& plain) {
  return plain.string() + ".zst";
}

// nullptr if none is recorded.
const Archive* find_archive(const fs::path& plain, const BatchRecord& batch) {
  const auto& archives = batch.archives;
  const auto found = std::find_if(archives.begin(), archives.end(), [&](const Archive& archive) {
    return archive.file == plain.filename();
  });
  return found == archives.end() ? nullptr : &*found;
}

// Answers can be downloaded again; the input is kept for verify alone.
std::string hint_for(const fs::path& plain) {
  return plain.filename() == "input.jsonl" ? "nothing was changed; restore the file from a copy"
                                           : "nothing was changed; fetch it again with `embedctl "
                                             "ingest --redownload`, or restore "
                                             "the file from a copy";
}

fs::path present_archive(const fs::path& plain) {
  fs::path archive = archive_of(plain);
  if (!fs::exists(archive))
    throw Error(
        ErrorKind::corrupt, fmt::format("\"{}\" is missing", archive.string()), hint_for(plain));
  return archive;
}

void put_on_record(BatchRecord& batch, const fs::path& plain, const zst::Content& content) {
  const std::string file = plain.filename().string();
  std::erase_if(batch.archives, [&](const Archive& archive) { return archive.file == file; });
  batch.archives.push_back({file, content.bytes, content.sha256});
}

} // namespace

bool is_there(const fs::path& plain, const BatchRecord& batch) {
  return fs::exists(plain) || find_archive(plain, batch) != nullptr;
}

std::unique_ptr<InputStream> open_either(const fs::path& plain, const BatchRecord& batch) {
  const Archive* archive = fs::exists(plain) ? nullptr : find_archive(plain, batch);
  if (archive == nullptr)
    return std::make_unique<FileStream>(plain);
  return std::make_unique<zst::PackedStream>(
      present_archive(plain), archive->bytes, hint_for(plain));
}

std::vector<std::unique_ptr<InputStream>>
open_halves(const fs::path& plain, const BatchRecord& batch) {
  constexpr std::uint64_t k_small = std::uint64_t{1} << 20;
  std::vector<std::unique_ptr<InputStream>> halves;
  std::error_code missing;
  const std::uintmax_t size = fs::file_size(plain, missing);
  if (missing || size <= k_small) {
    halves.push_back(open_either(plain, batch));
    return halves;
  }
  const std::uint64_t middle = next_line(plain, size / 2);
  halves.push_back(std::make_unique<FileStream>(plain, 0, middle));
  halves.push_back(std::make_unique<FileStream>(plain, middle));
  return halves;
}

void check_archive(const fs::path& plain, const BatchRecord& batch, const StopFlag& stop) {
  if (const Archive* archive = find_archive(plain, batch))
    if (!fs::exists(plain))
      zst::check_packed(
          present_archive(plain), {archive->bytes, archive->sha256}, stop, hint_for(plain));
}

void archive(const BatchPaths& paths, BatchRecord& batch, const StopFlag& stop) {
  BatchRecord packed = batch;
  for (const fs::path& plain : packable_files(paths))
    if (fs::exists(plain)) {
      // Random data may grow when compressed.
      require_free_bytes(paths.folder(), embedctl::file_size(plain));
      put_on_record(packed, plain, zst::pack(plain, archive_of(plain), stop));
    }
  save_batch_record(paths.record(), packed);
  batch = packed;
  for (const fs::path& plain : packable_files(paths))
    remove_durably(plain);
  packed.state = BatchState::archived;
  save_batch_record(paths.record(), packed);
  batch = packed;
}

} // namespace embedctl::store
