#pragma once

#include "sandbox/engine.hpp"
#include "sandbox/router.hpp"
#include "json/writer.hpp"

#include <functional>
#include <string>

namespace embedctl::sandbox {

void add_file_routes(
    Router& router, FileStore& files, const fs::path& scratch, const StopFlag& stop);
void add_batch_routes(Router& router, Engine& engine);
void add_model_routes(Router& router);

// /_sandbox/: control and inspection for tests. `advance` moves the clock and the batches.
void add_control_routes(
    Router& router, Engine& engine, FaultPlan& faults, const std::function<void(Millis)>& advance);

// {"object": "list", "data": […], "first_id", "last_id", "has_more"}
template <typename T>
std::string list_json(const Page<T>& page) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().field("object", "list").key("data").begin_array();
  for (const T& item : page.items)
    writer.raw(item.json());
  writer.end_array();
  if (page.items.empty())
    writer.key("first_id").null().key("last_id").null();
  else
    writer.field("first_id", page.items.front().id).field("last_id", page.items.back().id);
  writer.field("has_more", page.has_more).end_object();
  return out;
}

} // namespace embedctl::sandbox
