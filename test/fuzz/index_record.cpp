// indexes.json

#include "store/index_record.hpp"
#include "fuzz/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embedctl;
  fuzz::check_record(fuzz::text_of(data, size), store::load_index_record, store::save_index_record);
  return 0;
}
