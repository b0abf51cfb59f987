#include "store/task_fields.hpp"

namespace embedctl::store {

namespace {

constexpr const char* k_embed = "embed";

int width_of(const Fields& fields) {
  const int dims = fields.small_count("dims");
  if (dims == 0)
    fields.refuse("\"dims\" is 0");
  return dims;
}

Rows read_rows(const Fields& fields) {
  return {
      fields.string("table"), fields.string("key_column"), fields.string("scope_column"),
      fields.string("text_column")};
}

Request read_request(const Fields& fields) {
  Request request;
  request.kind = request_kind_from(fields.string("kind"));
  request.model = fields.string("model");
  request.dims = width_of(fields);
  if (fields.value().find("sends_dims"))
    request.sends_dims = fields.boolean("sends_dims");
  request.encoding = fields.string("encoding");
  return request;
}

} // namespace

void write_task(json::Writer& writer, const Task& task) {
  writer.begin_object()
      .field("entity", task.entity)
      .field("name", task.name)
      .field("built_in", task.built_in);
  writer.key("rows")
      .begin_object()
      .field("table", task.rows.table)
      .field("key_column", task.rows.key_column)
      .field("scope_column", task.rows.scope_column)
      .field("text_column", task.rows.text_column)
      .end_object();
  writer.key("scopes")
      .begin_object()
      .field("table", task.scopes.table)
      .field("key_column", task.scopes.key_column)
      .field("noun", task.scopes.noun)
      .end_object();
  writer.key("request")
      .begin_object()
      .field("kind", to_string(task.request.kind))
      .field("model", task.request.model)
      .field("dims", task.request.dims)
      .field("sends_dims", task.request.sends_dims)
      .field("encoding", task.request.encoding)
      .end_object();
  writer.key("target").begin_object().field("column", task.target.column).end_object();
  writer.end_object();
}

Task read_task(const Fields& fields) {
  Task task;
  task.entity = fields.string("entity");
  task.name = fields.string("name");
  task.built_in = fields.boolean("built_in");
  task.rows = read_rows(fields.object("rows"));
  const Fields scopes = fields.object("scopes");
  task.scopes = {scopes.string("table"), scopes.string("key_column"), scopes.string("noun")};
  task.request = read_request(fields.object("request"));
  task.target = {fields.object("target").string("column")};
  return task;
}

Task read_task_of_format_1(const Fields& run) {
  const Fields entity = run.object("entity");
  Task task;
  task.entity = entity.string("name");
  task.name = k_embed;
  task.built_in = true;
  task.rows = read_rows(entity);
  task.scopes = {
      entity.string("scope_table"), entity.string("scope_key_column"), entity.string("scope_noun")};
  task.request.model = entity.string("model");
  task.request.dims = width_of(entity);
  task.request.encoding = run.string("encoding");
  task.target = {entity.string("target_column")};
  return task;
}

} // namespace embedctl::store
