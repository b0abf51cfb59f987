#pragma once

#include "core/batch_provider.hpp"
#include "json/value.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace embedctl::openai {

// Parses what the provider and compatible servers really return, which does not always match the
// schema: absent, null and empty mean the same; statuses come in any case and two spellings; times
// as number or text. Anything that cannot be parsed is omitted, except an id.

// Unix seconds from a number, a numeric string or an ISO 8601 string (UTC if it names no zone); 0
// for anything else.
std::int64_t parse_time(const json::Value& value);

RemoteStatus parse_status(std::string_view text);

// nullopt if there is no id.
std::optional<RemoteFile> parse_file(const json::Value& value);
std::optional<RemoteBatch> parse_batch(const json::Value& value);

// One page of a list, which comes as {"data": [...]}, {"value": [...]} or a bare array.
struct Page {
  std::vector<json::Value> items;
  bool has_more = false;
};

// nullopt if the value is not a list.
std::optional<Page> parse_page(const json::Value& value);

} // namespace embedctl::openai
