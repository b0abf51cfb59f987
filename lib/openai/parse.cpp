#include "openai/parse.hpp"

#include "base/bytes.hpp"
#include "openai/error_cutter.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace embedctl::openai {

namespace {

constexpr std::array<std::pair<std::string_view, RemoteStatus>, 10> k_statuses = {
    {{"validating", RemoteStatus::validating},
     {"in_progress", RemoteStatus::in_progress},
     {"finalizing", RemoteStatus::finalizing},
     {"cancelling", RemoteStatus::cancelling},
     {"canceling", RemoteStatus::cancelling},
     {"completed", RemoteStatus::completed},
     {"failed", RemoteStatus::failed},
     {"expired", RemoteStatus::expired},
     {"cancelled", RemoteStatus::cancelled},
     {"canceled", RemoteStatus::cancelled}}};

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string string_or_empty(const json::Value& value, std::string_view key) {
  return value.string(key).value_or("");
}

std::int64_t time_or_zero(const json::Value& value, std::string_view key) {
  const auto found = value.find(key);
  return found ? parse_time(*found) : 0;
}

// A number, possibly quoted.
std::optional<std::int64_t> lenient_integer(const json::Value& value, std::string_view key) {
  if (const auto number = value.integer(key))
    return number;
  const auto text = value.string(key);
  std::int64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

// In "request_counts", or next to the other fields.
RequestCounts parse_counts(const json::Value& batch) {
  const json::Value& counts = batch.find("request_counts").value_or(batch);
  const auto count = [&](std::string_view key) {
    return std::max<std::int64_t>(0, lenient_integer(counts, key).value_or(0));
  };
  const bool told = lenient_integer(counts, "completed").has_value();
  return {count("total"), count("completed"), count("failed"), told};
}

RemoteError parse_error(const json::Value& value) {
  RemoteError error;
  if (const auto text = value.as_string()) {
    error.message = printable(*text);
    return error;
  }
  error.code = printable(string_or_empty(value, "code"), 100);
  error.message = printable(string_or_empty(value, "message"));
  error.line = lenient_integer(value, "line");
  return error;
}

// {"data": [...]}, {"value": [...]} or an array under "errors", or one text under "error".
std::vector<RemoteError> parse_errors(const json::Value& batch) {
  std::vector<RemoteError> errors;
  const auto list = batch.find("errors");
  if (const auto page = list ? parse_page(*list) : std::nullopt)
    for (const json::Value& item : page->items)
      errors.push_back(parse_error(item));
  const auto single = batch.find("error");
  if (errors.empty() && single && (single->is_object() || single->as_string()))
    errors.push_back(parse_error(*single));
  return errors;
}

std::int64_t count_errors(const json::Value& batch, std::size_t kept) {
  const auto list = batch.find("errors");
  const json::Value& object = list && list->is_object() ? *list : batch;
  return object.integer(ErrorCutter::k_error_count).value_or(static_cast<std::int64_t>(kept));
}

} // namespace

RemoteStatus parse_status(std::string_view text) {
  for (const auto& [name, status] : k_statuses)
    if (equal_without_case(name, text))
      return status;
  return RemoteStatus::unknown;
}

std::optional<RemoteFile> parse_file(const json::Value& value) {
  RemoteFile file;
  file.id = string_or_empty(value, "id");
  if (file.id.empty())
    return std::nullopt;
  file.name = string_or_empty(value, "filename");
  file.bytes = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, lenient_integer(value, "bytes").value_or(0)));
  file.created_at = time_or_zero(value, "created_at");
  return file;
}

std::optional<RemoteBatch> parse_batch(const json::Value& value) {
  RemoteBatch batch;
  batch.id = string_or_empty(value, "id");
  if (batch.id.empty())
    return std::nullopt;
  const std::string status = string_or_empty(value, "status");
  batch.status = parse_status(status);
  batch.status_text = printable(status, 100);
  batch.input_file_id = string_or_empty(value, "input_file_id");
  batch.output_file_id = string_or_empty(value, "output_file_id");
  batch.error_file_id = string_or_empty(value, "error_file_id");
  batch.created_at = time_or_zero(value, "created_at");
  batch.expires_at = time_or_zero(value, "expires_at");
  batch.counts = parse_counts(value);
  batch.errors = parse_errors(value);
  batch.error_count = count_errors(value, batch.errors.size());
  if (const auto metadata = value.find("metadata"))
    metadata->for_each_member([&](std::string_view key, const json::Value& content) {
      if (const auto text = content.as_string())
        batch.metadata.emplace(key, *text);
    });
  batch.json = value.dump();
  return batch;
}

std::optional<Page> parse_page(const json::Value& value) {
  auto list = value.find("data");
  if (!list)
    list = value.find("value");
  const json::Value& items = list.value_or(value);
  if (!items.is_array())
    return std::nullopt;
  Page page;
  items.for_each([&](const json::Value& item) { page.items.push_back(item); });
  page.has_more = value.boolean("has_more").value_or(false);
  return page;
}

} // namespace embedctl::openai
