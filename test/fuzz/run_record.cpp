// run.json: any content is a record or refused as what it is, and a record that is written down
// again says the same for ever.

#include "store/run_record.hpp"
#include "base/file.hpp"
#include "fuzz/support.hpp"

#include <optional>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::store;

namespace {

constexpr std::uint64_t k_limit = std::uint64_t{64} << 20;

std::optional<RunRecord> load(const std::filesystem::path& path) {
  try {
    return load_run_record(path);
  } catch (const Error& error) {
    require(
        error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage,
        "a record that is refused is damaged or newer");
    return std::nullopt;
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static MemoryFile file;
  static const MemoryFolder folder;
  file.set(text_of(data, size));
  const auto record = load(file.path());
  if (!record)
    return 0;
  const auto path = folder / "run.json";
  save_run_record(path, *record);
  const std::string saved = read_file(path, k_limit);
  const auto again = load(path);
  require(again.has_value(), "a record that was written can be read");
  save_run_record(path, *again);
  require(read_file(path, k_limit) == saved, "a record that is written again says the same");
  return 0;
}
