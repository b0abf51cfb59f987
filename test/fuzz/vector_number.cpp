// A number of a vector: what is taken as one is the float that libc reads there, to the bit.

#include "fuzz/support.hpp"
#include "requests/answer_reader.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>

using namespace embedctl;
using namespace embedctl::fuzz;
using namespace embedctl::requests;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(text_of(data, size));
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string::npos)
    return -1; // not for the corpus
  static MemoryFile file;
  file.set(
      R"({"custom_id":"k","response":{"status_code":200,"body":{"data":[{"embedding":[)" + text
      + "]}]}}}\n");
  AnswerReader reader(RequestKind::embed, file.path());
  require(reader.next() && reader.custom_id() == "k", "the line is read");
  const Answer answer = reader.answer();
  const auto* embedding = std::get_if<Embedding>(&answer);
  if (embedding == nullptr)
    return 0;
  char* end = nullptr;
  const float expected = std::strtof(text.c_str(), &end);
  require(*end == '\0', "what is taken as a number is one");
  require(embedding->values.size() == 1, "one number is a vector of one");
  require(std::isfinite(embedding->values[0]), "a vector is finite");
  require(
      std::bit_cast<std::uint32_t>(embedding->values[0]) == std::bit_cast<std::uint32_t>(expected),
      "a number is the float nearest to its text");
  return 0;
}
