#include "store/index_record.hpp"

#include "base/file.hpp"
#include "store/fields.hpp"
#include "store/layout.hpp"
#include "json/writer.hpp"

namespace embedctl::store {

namespace {

constexpr int k_format = 1;

// A partitioned table has one index per partition, possibly thousands.
constexpr std::uint64_t k_largest_record = std::uint64_t{64} << 20;

void write_index(json::Writer& writer, const VectorIndex& index) {
  writer.begin_object()
      .field("name", index.name)
      .field("table", index.table)
      .field("table_id", index.table_id)
      .field("definition", index.definition)
      .field("tablespace", index.tablespace)
      .field("comment", index.comment)
      .field("parent", index.parent)
      .field("needed_bytes", index.needed_bytes)
      .field("bytes_per_row", index.bytes_per_row)
      .key("statistics")
      .begin_array();
  for (const auto& each : index.statistics)
    writer.begin_object().field("column", each.column).field("target", each.target).end_object();
  writer.end_array().end_object();
}

VectorIndex read_index(const Fields& fields) {
  VectorIndex index;
  index.name = fields.string("name");
  index.table = fields.string("table");
  index.table_id = fields.count("table_id");
  index.definition = fields.string("definition");
  index.tablespace = fields.string("tablespace");
  index.comment = fields.string("comment");
  index.parent = fields.string("parent");
  index.needed_bytes = fields.count("needed_bytes");
  index.bytes_per_row = fields.count("bytes_per_row");
  fields.for_each("statistics", [&](const Fields& each) {
    index.statistics.push_back({each.small_count("column"), each.small_count("target")});
  });
  // Executed as it stands, so it must be nothing but a CREATE INDEX.
  if (!index.definition.starts_with("CREATE INDEX "))
    fields.refuse("a definition does not create an index");
  return index;
}

} // namespace

IndexRecord load_index_record(const std::filesystem::path& path) {
  IndexRecord record;
  const auto text = read_file_if_any(path, k_largest_record);
  if (!text)
    return record;
  const Fields fields(path, *text, k_format);
  record.dropped_at = fields.integer("dropped_at");
  fields.for_each(
      "indexes", [&](const Fields& each) { record.indexes.push_back(read_index(each)); });
  return record;
}

void save_index_record(const std::filesystem::path& path, const IndexRecord& record) {
  if (record.indexes.empty())
    return remove_durably(path);
  std::string text;
  json::Writer writer(text, json::Writer::Style::indented);
  writer.begin_object()
      .field("format", k_format)
      .field("dropped_at", record.dropped_at)
      .key("indexes")
      .begin_array();
  for (const VectorIndex& index : record.indexes)
    write_index(writer, index);
  writer.end_array().end_object();
  write_file_atomically(path, text + "\n");
}

} // namespace embedctl::store
