#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "core/clock.hpp"
#include "core/task.hpp"
#include "core/rows.hpp"
#include "pg/table_source.hpp"
#include "pg/column_sink.hpp"
#include "support/postgres.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pg {

// Time that passes only while someone sleeps; `on_sleep` is what happens meanwhile.
class SleepingClock : public Clock {
public:
  std::int64_t unix_seconds() override { return 0; }
  Steady steady() override { return m_now; }
  void sleep_for(Duration duration) override {
    m_now += duration;
    ++sleeps;
    if (on_sleep)
      on_sleep();
  }

  int sleeps = 0;
  std::function<void()> on_sleep;

private:
  Steady m_now{};
};

inline const std::string k_family = "00000000-0000-4000-8000-000000000001";
inline const std::string k_other_family = "00000000-0000-4000-8000-000000000002";

// The id of the n-th chunk.
std::string chunk_id(int n);

// The built-in task, with vectors of width 3.
Task narrow_task();

// The built-in entity's tables, two families, and no chunk yet.
void make_tables(const test::TestDatabase& database, std::string_view target_type = "vector(3)");

void add_chunk(const test::TestDatabase& database, int n, std::string_view text);

struct TakenRow {
  std::string key;
  std::string text;
  Fingerprint fingerprint;
};

// All rows of the first family, as the source gives them.
std::vector<TakenRow> select_all(const test::TestDatabase& database, const Task& task);

// A chunk with one vector for each row: (1, 2, number of the row).
AnswerChunk chunk_of(const std::vector<TakenRow>& rows);

std::vector<RowState> states_of(const std::vector<RowOutcome>& outcomes);

// The error that the work throws; fails the test if there is none.
Error error_of(const std::function<void()>& work);

} // namespace embedctl::pg
