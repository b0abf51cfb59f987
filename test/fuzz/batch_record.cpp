// batch.json

#include "store/batch_record.hpp"
#include "fuzz/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embedctl;
  fuzz::check_record(fuzz::text_of(data, size), store::load_batch_record, store::save_batch_record);
  return 0;
}
