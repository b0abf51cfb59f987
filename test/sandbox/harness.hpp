#pragma once

#include "sandbox/server.hpp"
#include "json/value.hpp"

#include <string>

#include <httplib.h>

namespace embedctl::sandbox {

// A sandbox whose clock stands still, and a client of it.
class Harness {
public:
  explicit Harness(Options options = {})
      : m_server(frozen(std::move(options))), m_client(started()) {
    m_client.set_default_headers({{"Authorization", "Bearer anything"}});
    m_client.set_keep_alive(true);
    m_client.set_read_timeout(20);
  }

  httplib::Client& client() { return m_client; }
  Server& server() { return m_server; }

  httplib::Result post(const std::string& path, const std::string& body) {
    return m_client.Post(path, body, "application/json");
  }

  httplib::Result upload(const std::string& content, const std::string& purpose = "batch") {
    return m_client.Post(
        "/v1/files",
        httplib::MultipartFormDataItems{
            {"purpose", purpose, "", ""}, {"file", content, "in.jsonl", "application/jsonl"}});
  }

  // The new batch's id.
  std::string submit(const std::string& content) {
    const auto file = id_in(upload(content));
    return id_in(post(
        "/v1/batches", R"({"input_file_id":")" + file
                           + R"(","endpoint":"/v1/embeddings","completion_window":"24h"})"));
  }

  json::Document batch(const std::string& id) {
    return document(m_client.Get("/v1/batches/" + id));
  }

  // As it is after that time.
  json::Document batch_after(double seconds, const std::string& id) {
    advance(seconds);
    return batch(id);
  }

  void advance(double seconds) {
    post("/_sandbox/advance", R"({"seconds":)" + std::to_string(seconds) + "}");
  }

  std::string content(const std::string& file_id) {
    const auto answer = m_client.Get("/v1/files/" + file_id + "/content");
    return answer ? answer->body : "";
  }

  void plan(const std::string& rules) { post("/_sandbox/faults", rules); }

  static json::Document document(const httplib::Result& answer) {
    return json::Document::parse(answer ? answer->body : "", "the sandbox's answer");
  }

  static std::string id_in(const httplib::Result& answer) {
    return document(answer).root().string("id").value_or("");
  }

  // "status code param" of an answer that should be an error; "-" for null.
  static std::string error_in(const httplib::Result& answer) {
    const auto error = document(answer).root().find("error");
    return std::to_string(answer->status) + ' '
           + (error ? error->string("code").value_or("-") : "?") + ' '
           + (error ? error->string("param").value_or("-") : "?");
  }

private:
  static Options frozen(Options options) {
    options.frozen_clock = true;
    return options;
  }

  std::string started() {
    m_server.start();
    return "http://127.0.0.1:" + std::to_string(m_server.port());
  }

  Server m_server;
  httplib::Client m_client;
};

// A line of a batch's input file.
inline std::string
input_line(const std::string& custom_id, const std::string& text, const std::string& more = "") {
  return R"({"custom_id":")" + custom_id
         + R"(","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":")"
         + text + '"' + more + "}}\n";
}

} // namespace embedctl::sandbox
