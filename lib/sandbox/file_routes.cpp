#include "sandbox/api_error.hpp"
#include "sandbox/content.hpp"
#include "sandbox/damage.hpp"
#include "sandbox/hash.hpp"
#include "sandbox/routes.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::uint64_t k_largest_upload = 512ULL * 1024 * 1024;
constexpr std::int64_t k_batch_file_lifetime = 30 * 86'400;
constexpr std::int64_t k_shortest_lifetime = 3'600;
constexpr std::int64_t k_longest_lifetime = 2'592'000;

constexpr std::array<std::string_view, 6> k_purposes = {"assistants", "batch",     "evals",
                                                        "fine-tune",  "user_data", "vision"};

ApiError no_such_file(const std::string& id) {
  return ApiError(404, fmt::format("No such File object: {}", id), {}, "id");
}

// The parts of a multipart upload: the file on disk, the rest in memory.
struct Upload {
  std::unique_ptr<IncomingFile> content; // none: there was no part "file"
  std::string name;
  std::map<std::string, std::string> fields;
  bool too_large = false;
};

// Reads to the end whatever comes: what is left unread would be the connection's next request.
Upload receive(const httplib::ContentReader& reader, FileStore& files) {
  constexpr std::size_t k_longest_field = 1024;
  Upload upload;
  std::string* field = nullptr;
  reader(
      [&](const httplib::MultipartFormData& part) {
        field = nullptr;
        if (part.name == "file") {
          upload.content = files.begin();
          upload.name = part.filename;
        } else if (upload.fields.size() < 16) {
          field = &upload.fields[part.name];
        }
        return true;
      },
      [&](const char* data, std::size_t size) {
        if (field != nullptr) {
          field->append(
              data, std::min(size, k_longest_field - std::min(field->size(), k_longest_field)));
        } else if (upload.content) {
          upload.too_large = upload.too_large || upload.content->size() + size > k_largest_upload;
          if (!upload.too_large)
            upload.content->write({data, size});
        }
        return true;
      });
  if (upload.content)
    upload.content->flush();
  return upload;
}

std::optional<std::int64_t> read_lifetime(const Upload& upload, const std::string& purpose) {
  const auto given = upload.fields.find("expires_after[seconds]");
  if (given == upload.fields.end())
    return purpose == "batch" ? std::optional(k_batch_file_lifetime) : std::nullopt;
  const std::string& text = given->second;
  std::int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  const auto anchor = upload.fields.find("expires_after[anchor]");
  if (anchor == upload.fields.end() || anchor->second != "created_at")
    throw ApiError(
        400, "Invalid value for 'expires_after.anchor'. Supported values are: 'created_at'.",
        "invalid_value", "expires_after.anchor");
  if (seconds < k_shortest_lifetime || seconds > k_longest_lifetime)
    throw ApiError(
        400, "Invalid 'expires_after.seconds': expected a value from 3600 to 2592000.",
        "invalid_value", "expires_after.seconds");
  return seconds;
}

// Only a first look: most of what can be wrong with a batch's input is found by its validation.
void check_first_line(const IncomingFile& content) {
  constexpr std::string_view k_byte_order_mark = "\xef\xbb\xbf";
  LineReader reader(content.path());
  const auto line = reader.next();
  std::string_view text = line ? line->text : std::string_view();
  if (text.starts_with(k_byte_order_mark))
    text.remove_prefix(k_byte_order_mark.size());
  const auto start = text.find_first_not_of(" \t\r");
  // A file of blank lines passes here and fails as empty later.
  if (!line || (start != std::string_view::npos && text[start] != '{'))
    throw ApiError(400, "Invalid file format for Batch API. Must be .jsonl");
}

std::string upload_file(Exchange& exchange, FileStore& files) {
  if (exchange.multipart == nullptr)
    throw ApiError(400, "Expected a multipart/form-data body with 'purpose' and 'file'.");
  const auto* reader = std::exchange(exchange.multipart, nullptr);
  const Upload upload = receive(*reader, files);
  const auto purpose = upload.fields.find("purpose");
  if (purpose == upload.fields.end())
    throw ApiError(
        400, "Missing required parameter: 'purpose'.", "missing_required_parameter", "purpose");
  if (std::find(k_purposes.begin(), k_purposes.end(), purpose->second) == k_purposes.end())
    throw ApiError(
        400, fmt::format("'{}' is not a purpose of a file.", purpose->second), "invalid_value",
        "purpose");
  if (!upload.content)
    throw ApiError(
        400, "Missing required parameter: 'file'.", "missing_required_parameter", "file");
  if (upload.too_large)
    throw ApiError(413, "The file is larger than 512 MB.");
  const auto lifetime = read_lifetime(upload, purpose->second);
  if (purpose->second == "batch")
    check_first_line(*upload.content);
  return files.add(upload.content->path(), upload.name, purpose->second, lifetime).json();
}

std::string list_files(const Exchange& exchange, const FileStore& files) {
  constexpr std::int64_t k_most = 10'000;
  FileQuery query;
  query.limit = static_cast<std::size_t>(query_number(exchange, "limit", 1, k_most, k_most));
  query.purpose = exchange.request.get_param_value("purpose");
  query.after = exchange.request.get_param_value("after");
  const std::string order = exchange.request.get_param_value("order");
  if (!order.empty() && order != "asc" && order != "desc")
    throw ApiError(
        400, fmt::format("Invalid value: '{}'. Supported values are: 'asc' and 'desc'.", order),
        "invalid_value", "order");
  query.ascending = order == "asc";
  const auto page = files.list(query);
  if (!page)
    throw no_such_file(query.after);
  return list_json(*page);
}

StoredFile find_or_throw(const FileStore& files, const std::string& id) {
  auto file = files.find(id);
  if (!file)
    throw no_such_file(id);
  return *std::move(file);
}

void refuse_ranges_past(std::uint64_t size, const httplib::Request& request) {
  for (const auto& range : request.ranges)
    if (range.first >= 0 && static_cast<std::uint64_t>(range.first) >= size)
      throw ApiError(416, "The range is past the end of the file.");
}

void send_content(
    Exchange& exchange, const FileStore& files, const fs::path& scratch, const StopFlag& stop) {
  const StoredFile file = find_or_throw(files, exchange.id());
  refuse_ranges_past(file.bytes, exchange.request);
  const FaultRule* const fault = exchange.fault(FaultAction::damage);
  if (fault == nullptr) {
    send_file(exchange.response, files.content(file.id), exchange.faults, stop);
    return;
  }
  const fs::path copy = scratch / new_id("damaged_");
  write_damaged(files.content(file.id), copy, fault->damage);
  send_file(exchange.response, copy, exchange.faults, stop);
  fs::remove(copy);
}

std::string delete_file(const std::string& id, FileStore& files) {
  if (!files.remove(id))
    throw no_such_file(id);
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("object", "file")
      .field("id", id)
      .field("deleted", true)
      .end_object();
  return out;
}

} // namespace

void add_file_routes(
    Router& router, FileStore& files, const fs::path& scratch, const StopFlag& stop) {
  router.add("POST /v1/files", [&files](Exchange& exchange) {
    exchange.answer(upload_file(exchange, files));
  });
  router.add("GET /v1/files", [&files](Exchange& exchange) {
    exchange.answer(list_files(exchange, files));
  });
  router.add("GET /v1/files/{id}", [&files](Exchange& exchange) {
    exchange.answer(find_or_throw(files, exchange.id()).json());
  });
  router.add("GET /v1/files/{id}/content", [&files, scratch, &stop](Exchange& exchange) {
    send_content(exchange, files, scratch, stop);
  });
  router.add("DELETE /v1/files/{id}", [&files](Exchange& exchange) {
    exchange.answer(delete_file(exchange.id(), files));
  });
}

} // namespace embedctl::sandbox
