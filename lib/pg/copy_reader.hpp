#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pg {

// Parses a COPY ... (FORMAT binary) stream from pieces cut anywhere. Strict: anything that Postgres
// would not send throws Error{corrupt}. Buffers at most one row.
class CopyReader {
public:
  using Field = std::optional<std::string_view>; // nullopt for SQL NULL
  using TakeRow = std::function<void(std::span<const Field>)>;

  explicit CopyReader(std::size_t columns) : m_fields(columns) {}

  // Calls `take` for every row that these bytes complete; its views are valid during the call.
  void feed(std::string_view bytes, const TakeRow& take);

  // Throws Error{corrupt} if the stream is incomplete.
  void finish() const;

private:
  enum class State { header, rows, ended };

  // Both consume what they parsed from the front of `bytes`; false if more is needed.
  bool read_header(std::string_view& bytes);
  bool read_row(std::string_view& bytes, const TakeRow& take);

  std::string_view consume(std::string_view bytes, const TakeRow& take);

  std::vector<Field> m_fields;
  std::string m_rest; // the beginning of a row whose end has not come yet
  State m_state = State::header;
};

} // namespace embedctl::pg
