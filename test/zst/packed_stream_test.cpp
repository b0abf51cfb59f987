#include "zst/packed_stream.hpp"

#include "support/catch.hpp"
#include "zst/packed.hpp"

#include <string>

#include <sys/resource.h>
#include <zstd.h>

using namespace embedctl;
using namespace embedctl::zst;
using namespace embedctl::zst::test;
using embedctl::test::ScratchFolder;

namespace {

const std::string k_text = R"({"custom_id":"1","response":{"status_code":200}})"
                           "\n";

// A frame that another program made: without the length in its header where `length` is false.
std::string frame(const std::string& text, bool length, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, length ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return packed;
}

long peak_memory_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

} // namespace

TEST_CASE("an archive cut anywhere is refused", "[zst]") {
  const Packed packed(k_text);
  const std::string whole = get(packed.archive);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    put(packed.archive, whole.substr(0, size));
    CHECK(refusal(packed.archive, k_text.size()) != "");
  }
}

TEST_CASE("an archive with any bit flipped is refused or holds the same", "[zst]") {
  const Packed packed(k_text);
  const std::string whole = get(packed.archive);
  std::size_t harmless = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    INFO(bit);
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    put(packed.archive, flipped);
    if (refusal(packed.archive, k_text.size()).empty()) {
      ++harmless; // a bit of the header that means nothing
      CHECK(unpacked(packed.archive, k_text.size()) == k_text);
    }
  }
  CHECK(harmless <= 8);
}

TEST_CASE("a file that is no archive, or more than one, is refused with its reason", "[zst]") {
  const Packed packed(k_text);
  const std::string whole = get(packed.archive);
  const auto refused = [&](const std::string& content, std::uint64_t length = k_text.size()) {
    put(packed.archive, content);
    return refusal(packed.archive, length);
  };
  CHECK_THAT(refused(""), ContainsSubstring("not a zstd file"));
  CHECK_THAT(refused(k_text), ContainsSubstring("not a zstd file"));
  CHECK_THAT(refused(whole + "x"), ContainsSubstring("something follows"));
  CHECK_THAT(refused(whole + whole), ContainsSubstring("something follows"));
  CHECK_THAT(refused(whole, k_text.size() - 1), ContainsSubstring("its header says"));
  CHECK_THAT(refused(whole, k_text.size() + 1), ContainsSubstring("its header says"));
  CHECK_THAT(refused(frame(k_text, false), k_text.size() - 1), ContainsSubstring("more than"));
  CHECK_THAT(refused(frame(k_text, false), k_text.size() + 1), ContainsSubstring("it holds"));
  CHECK(refused(frame(k_text, false)).empty());
  // Frames that decoders skip.
  CHECK(refused(std::string("\x50\x2a\x4d\x18\x04\x00\x00\x00none", 12)) != "");
}

TEST_CASE("a bomb is refused within bounded memory", "[zst]") {
  const ScratchFolder scratch;
  {
    const std::string zeros(std::size_t{256} << 20, '\0');
    put(scratch / "bomb", frame(zeros, false, 20));
    put(scratch / "wide", frame(zeros, false, 27));
  }
  const long before = peak_memory_kib();
  CHECK_THAT(refusal(scratch / "bomb", 1000), ContainsSubstring("more than the 1000 bytes"));
  CHECK_THAT(refusal(scratch / "wide", std::size_t{256} << 20), ContainsSubstring("memory"));
  CHECK(unpacked(scratch / "bomb", std::size_t{256} << 20).size() == std::size_t{256} << 20);
  // The zeros above were the peak so far, and are no longer held.
  CHECK(peak_memory_kib() - before < 64 * 1024);
}

TEST_CASE("a damaged archive is refused with the way out", "[zst]") {
  const Packed packed(k_text);
  put(packed.archive, "damaged");
  try {
    PackedStream(packed.archive, k_text.size(), "fetch it again");
    FAIL("it is taken");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::corrupt);
    CHECK(error.hint() == "fetch it again");
    CHECK_THAT(error.what(), ContainsSubstring(packed.archive.string()));
  }
}
