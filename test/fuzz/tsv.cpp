// TSV lists and ledgers: fields survive being written down, whatever is in them, and any content of
// rows.tsv is a ledger or damaged.

#include "store/tsv.hpp"
#include "fuzz/support.hpp"
#include "store/ledger.hpp"

#include <algorithm>
#include <optional>
#include <vector>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::store;

namespace {

void check_fields(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    const std::string written = tsv_line({field});
    require(written.find_first_of("\t\r\n") == written.size() - 1, "a field is one, on one line");
    line += (&field == &fields.front() ? "" : "\t") + written.substr(0, written.size() - 1);
  }
  require(tsv_fields(line) == fields, "fields that are written are read again");
}

std::optional<Ledger> load(MemoryFile& file, std::string_view text) {
  file.set(text);
  try {
    return Ledger::load(file.path());
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, "a ledger that is refused is damaged");
    return std::nullopt;
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  check_fields({std::string(text)});
  check_fields(tsv_fields(text));

  static MemoryFile file;
  const auto ledger = load(file, text);
  if (!ledger)
    return 0;
  std::string written;
  for (std::size_t row = 0; row < ledger->size(); ++row) {
    written += ledger_line(ledger->key(row), ledger->fingerprint(row));
    const auto found = ledger->find(ledger->key(row));
    require(found && ledger->key(*found) == ledger->key(row), "a key is found");
  }
  const auto again = load(file, written);
  require(again && again->size() == ledger->size(), "a ledger that was written is read");
  for (std::size_t row = 0; row < ledger->size(); ++row)
    require(
        again->key(row) == ledger->key(row) && again->fingerprint(row) == ledger->fingerprint(row),
        "rows that were written are read again");
  return 0;
}
