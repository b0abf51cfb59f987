#pragma once

#include "core/batch_provider.hpp"
#include "json/value.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace embedctl::openai {

// Reads what the provider and its look-alikes really answer, which is not always what the schema
// promises: absent, null and empty mean the same; statuses come in any case and two spellings;
// times as number or text. What cannot be understood is left out, except an id.

// Unix seconds from a number, a numeric text or an ISO 8601 text (UTC where it names no zone);
// 0 for anything else.
std::int64_t parse_time(const json::Value& value);

RemoteStatus parse_status(std::string_view text);

// nullopt where there is no id.
std::optional<RemoteFile> parse_file(const json::Value& value);
std::optional<RemoteBatch> parse_batch(const json::Value& value);

// One page of a list, which comes as {"data": [...]}, {"value": [...]} or a bare array.
struct Page {
  std::vector<json::Value> items;
  bool has_more = false;
};

// nullopt if the value is no list.
std::optional<Page> parse_page(const json::Value& value);

} // namespace embedctl::openai
