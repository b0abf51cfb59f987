#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::pg {

// Reads a stream of COPY ... (FORMAT binary) that comes in pieces cut anywhere. Strict: whatever
// Postgres would not send is refused with Error{corrupt}. Holds no more than one row.
class CopyReader {
public:
  using Field = std::optional<std::string_view>; // nullopt for SQL NULL
  using TakeRow = std::function<void(std::span<const Field>)>;

  explicit CopyReader(std::size_t columns) : m_fields(columns) {}

  // Calls `take` for every row that these bytes complete; its views live during the call.
  void feed(std::string_view bytes, const TakeRow& take);

  // Throws Error{corrupt} if the stream has not come to its end.
  void finish() const;

private:
  enum class State { header, rows, ended };

  // Both consume what they understood from the front of `bytes`; false if more is needed first.
  bool read_header(std::string_view& bytes);
  bool read_row(std::string_view& bytes, const TakeRow& take);

  std::string_view consume(std::string_view bytes, const TakeRow& take);

  std::vector<Field> m_fields;
  std::string m_rest; // the beginning of a row whose end has not come yet
  State m_state = State::header;
};

} // namespace embedctl::pg
