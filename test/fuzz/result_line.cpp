// Result files: whatever a provider sends is a vector of finite numbers or a failure with a code,
// and a vector survives being written down in either encoding, bit for bit.

#include "base/bytes.hpp"
#include "fuzz/support.hpp"
#include "requests/answer_reader.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::requests;

namespace {

std::string line_of(const std::string& id, const std::string& embedding) {
  std::string line = R"({"custom_id":)";
  json::append_string(line, id);
  return line + R"(,"response":{"status_code":200,"body":{"data":[{"embedding":)" + embedding
         + "}]}}}\n";
}

void require_same(
    MemoryFile& file, const std::string& line, const std::string& id, std::span<const float> was) {
  file.set(line);
  AnswerReader reader(RequestKind::embed, file.path());
  require(reader.next(), "a line that was written is read");
  require(reader.custom_id() == id, "an id that was written is read again");
  const Answer answer = reader.answer();
  const auto* embedding = std::get_if<Embedding>(&answer);
  const auto same_bits = [](float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
  };
  require(
      embedding != nullptr
          && std::equal(
              embedding->values.begin(), embedding->values.end(), was.begin(), was.end(),
              same_bits),
      "a vector that was written is read again bit for bit");
}

void check_again(const std::string& id, const std::vector<float>& values) {
  static MemoryFile file;
  const std::span<const float> span(values);
  require_same(file, line_of(id, '"' + to_base64(std::as_bytes(span)) + '"'), id, span);
  require_same(file, line_of(id, fmt::format("[{}]", fmt::join(values, ","))), id, span);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  static MemoryFile file;
  file.set(text);
  AnswerReader reader(RequestKind::embed, file.path());
  const auto most = std::count(text.begin(), text.end(), '\n') + 1;
  for (std::ptrdiff_t lines = 1; reader.next(); ++lines) {
    require(lines <= most, "a file has no more lines than newlines");
    const auto view = reader.custom_id();
    const auto id = view ? std::optional<std::string>(*view) : std::nullopt;
    const Answer answer = reader.answer();
    if (const auto* failure = std::get_if<Failure>(&answer)) {
      require(!failure->code.empty(), "a failure has a code");
      require(
          is_printable(failure->code) && is_printable(failure->message),
          "a failure is fit for a terminal");
      continue;
    }
    const auto values = std::get<Embedding>(answer).values;
    require(
        std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); }),
        "a vector is finite");
    if (id)
      check_again(*id, {values.begin(), values.end()});
  }
  return 0;
}
