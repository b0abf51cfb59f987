#pragma once

#include "entities/built_in.hpp"
#include "store/run_record.hpp"

#include <string>

namespace embedctl::test {

inline const std::string k_scope = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";

inline store::RunRecord some_run_record() {
  store::RunRecord record;
  record.version = "0.1.0";
  record.run_id = "0123456789abcdef";
  record.created_at = 1'700'000'000;
  record.task = entities::built_in_task();
  record.scope = k_scope;
  record.database = {"app", "7300000000000000000"};
  record.max_requests_per_batch = 50'000;
  record.max_bytes_per_batch = 188'743'680;
  return record;
}

} // namespace embedctl::test
