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
  for (std::size_t row = 0; row < ledger->rows(); ++row) {
    const auto id = ledger->custom_id(ledger->request_of(row));
    written += ledger_line(ledger->key(row), ledger->fingerprint(row), id);
    require(ledger->find_row(ledger->key(row)) == row, "a row is found by its key");
    bool is_listed = false;
    ledger->for_each_row_of(
        *ledger->find_request(id), [&](std::size_t each) { is_listed |= each == row; });
    require(is_listed, "a row is found by its request");
  }
  const auto again = load(file, written);
  require(again && again->rows() == ledger->rows(), "a ledger that was written is read");
  for (std::size_t row = 0; row < ledger->rows(); ++row)
    require(
        again->key(row) == ledger->key(row) && again->fingerprint(row) == ledger->fingerprint(row),
        "rows that were written are read again");
  return 0;
}
