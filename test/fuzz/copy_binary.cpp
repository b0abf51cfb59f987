// Streams of COPY in binary: the same rows or the same refusal however the stream is cut, and rows
// that were taken are the very bytes of the stream.

#include "fuzz/support.hpp"
#include "pg/big_endian.hpp"
#include "pg/copy_reader.hpp"

#include <algorithm>
#include <optional>
#include <vector>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::pg;

namespace {

constexpr std::size_t k_columns = 3;

struct Reading {
  std::string rows; // encoded again
  bool complete = false;
  friend bool operator==(const Reading&, const Reading&) = default;
};

template <typename T>
void append(std::string& out, T number) {
  out.resize(out.size() + sizeof number);
  store_big_endian(out.data() + out.size() - sizeof number, number);
}

// Feeds the stream in pieces whose sizes come from `cuts` in turn.
Reading read(std::string_view stream, std::string_view cuts) {
  Reading reading;
  CopyReader reader(k_columns);
  try {
    for (std::size_t turn = 0; !stream.empty(); ++turn) {
      const std::size_t wish =
          cuts.empty() ? stream.size() : static_cast<unsigned char>(cuts[turn % cuts.size()]) + 1u;
      // An allocation of its own, so that a view that outlives its call is noticed.
      const std::string piece(stream.substr(0, wish));
      reader.feed(piece, [&](std::span<const CopyReader::Field> fields) {
        require(fields.size() == k_columns, "a row has its columns");
        append(reading.rows, static_cast<std::uint16_t>(fields.size()));
        for (const CopyReader::Field& field : fields) {
          append(reading.rows, field ? static_cast<std::uint32_t>(field->size()) : 0xffffffffu);
          reading.rows += field.value_or(std::string_view{});
        }
      });
      stream.remove_prefix(piece.size());
    }
    reader.finish();
    reading.complete = true;
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, "a stream that is refused is damaged");
  }
  return reading;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first bytes say how the rest is cut.
  const std::string_view input = text_of(data, size);
  const std::string_view cuts = input.substr(0, std::min<std::size_t>(4, size));
  const std::string_view stream = input.substr(cuts.size());
  const Reading whole = read(stream, {});
  require(read(stream, cuts) == whole, "a stream is read the same wherever it is cut");
  if (whole.complete)
    require(stream.ends_with(whole.rows + "\xff\xff"), "rows are the very bytes of the stream");
  return 0;
}
