#include "sandbox/router.hpp"

#include "sandbox/api_error.hpp"
#include "sandbox/clock.hpp"
#include "sandbox/connections.hpp"
#include "sandbox/content.hpp"
#include "sandbox/hash.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::size_t k_largest_body = 64 * 1024 * 1024;
constexpr std::size_t k_longest_client_request_id = 512;
constexpr std::string_view k_id = "{id}";

std::string pattern_of(std::string path) {
  if (const auto at = path.find(k_id); at != std::string::npos)
    path.replace(at, k_id.size(), "([^/]+)");
  return path;
}

// A POST without a body may come without Content-Length; asking the library for that body would
// wait for the connection's end.
bool has_body(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding")
         || (request.has_header("Content-Length")
             && request.get_header_value("Content-Length") != "0");
}

void skip_multipart(const httplib::ContentReader& reader) {
  reader(
      [](const httplib::MultipartFormData&) { return true; },
      [](const char*, std::size_t) { return true; });
}

std::string read_body(const httplib::ContentReader& reader) {
  std::string body;
  bool too_large = false;
  reader([&](const char* data, std::size_t size) {
    too_large = too_large || body.size() + size > k_largest_body;
    if (!too_large)
      body.append(data, size);
    return true;
  });
  if (too_large)
    throw ApiError(413, "The request body is too large.");
  return body;
}

// cpp-httplib 0.11 cuts a range out of an error's body too. It lends its own request as const, and
// has no other way to take the range back.
void forget_ranges(const httplib::Request& request) {
  const_cast<httplib::Request&>(request).ranges.clear();
}

void answer_error(httplib::Response& response, const ApiError& error) {
  response.status = error.status();
  response.set_content(error.json(), "application/json");
}

void answer_fault(Exchange& exchange, const FaultRule& fault) {
  forget_ranges(exchange.request);
  httplib::Response& response = exchange.response;
  response = httplib::Response();
  response.set_header("x-request-id", new_id("req_"));
  for (const auto& [name, content] : fault.headers)
    response.set_header(name, content);
  response.status = fault.status;
  const std::string type = fault.status < 500 ? "invalid_request_error" : "server_error";
  response.set_content(
      !fault.body
          ? ApiError(
                fault.status, "The fault plan answers this.",
                fault.status == 429 ? std::optional<std::string>("rate_limit_exceeded")
                                    : std::nullopt,
                {}, type)
                .json()
          : *fault.body,
      "application/json");
}

std::string with_members(
    const std::string& json, const std::vector<std::pair<std::string, std::string>>& members) {
  const auto document = json::Document::try_parse(json);
  if (!document)
    return json;
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  document->root().for_each_member([&](std::string_view name, const json::Value& content) {
    if (std::ranges::find(members, name, &std::pair<std::string, std::string>::first)
        == members.end())
      writer.key(name).raw(content.dump());
  });
  for (const auto& [name, content] : members)
    writer.key(name).raw(content);
  writer.end_object();
  return out;
}

} // namespace

const FaultRule* Exchange::fault(FaultAction action) const {
  const auto found = std::find_if(
      faults.begin(), faults.end(), [&](const FaultRule& rule) { return rule.action == action; });
  return found == faults.end() ? nullptr : &*found;
}

void Exchange::answer(const std::string& json, int status) {
  response.status = status;
  response.set_content(json, "application/json");
}

std::int64_t query_number(
    const Exchange& exchange,
    const char* name,
    std::int64_t least,
    std::int64_t most,
    std::int64_t otherwise) {
  if (!exchange.request.has_param(name))
    return otherwise;
  const std::string text = exchange.request.get_param_value(name);
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), last, number);
  if (parsed.ec != std::errc() || parsed.ptr != last)
    throw ApiError(
        400, fmt::format("Invalid type for '{}': expected an integer.", name), "invalid_type",
        name);
  if (number > most)
    throw ApiError(
        400,
        fmt::format(
            "Invalid '{}': integer above maximum value. Expected a value <= {}, but got {} "
            "instead.",
            name, most, number),
        "integer_above_max_value", name);
  if (number < least)
    throw ApiError(
        400,
        fmt::format(
            "Invalid '{}': integer below minimum value. Expected a value >= {}, but got {} "
            "instead.",
            name, least, number),
        "integer_below_min_value", name);
  return number;
}

Router::Router(
    httplib::Server& server, FaultPlan& faults, std::string api_key, const StopFlag& stop)
    : m_server(server), m_faults(faults), m_api_key(std::move(api_key)), m_stop(stop) {
  // For what the library itself refuses.
  m_server.set_error_handler(
      httplib::Server::Handler([](const httplib::Request&, httplib::Response& response) {
        if (response.body.empty())
          answer_error(response, ApiError(response.status, "The request could not be understood."));
      }));
}

void Router::refuse_the_rest() {
  for (const char* method : {"GET", "POST", "DELETE"})
    add(fmt::format("{} /.*", method), [](Exchange& exchange) {
      throw ApiError(
          404, fmt::format("Invalid URL ({} {})", exchange.request.method, exchange.request.path));
    });
}

void Router::add(const std::string& endpoint, Handler handler) {
  const auto space = endpoint.find(' ');
  const std::string method = endpoint.substr(0, space);
  const std::string pattern = pattern_of(endpoint.substr(space + 1));
  const Call call = [this, endpoint, handler = std::move(handler)](
                        const httplib::Request& request, httplib::Response& response,
                        const httplib::ContentReader* reader) {
    Exchange exchange{request, response};
    handle(endpoint, handler, exchange, reader);
  };
  const auto without_body = [call](const httplib::Request& request, httplib::Response& response) {
    call(request, response, nullptr);
  };
  const auto with_body = [call](
                             const httplib::Request& request, httplib::Response& response,
                             const httplib::ContentReader& reader) {
    call(request, response, has_body(request) ? &reader : nullptr);
  };
  if (method == "GET")
    m_server.Get(pattern, without_body);
  else if (method == "POST")
    m_server.Post(pattern, httplib::Server::HandlerWithContentReader(with_body));
  else
    m_server.Delete(pattern, httplib::Server::HandlerWithContentReader(with_body));
}

void Router::handle(
    const std::string& endpoint,
    const Handler& handler,
    Exchange& exchange,
    const httplib::ContentReader* reader) {
  exchange.response.set_header("x-request-id", new_id("req_"));
  try {
    if (reader != nullptr && exchange.request.is_multipart_form_data())
      exchange.multipart = reader;
    else if (reader != nullptr)
      exchange.body = read_body(*reader);
    if (exchange.request.path.starts_with("/_sandbox/"))
      handler(exchange);
    else
      handle_public(endpoint, handler, exchange);
  } catch (const ApiError& error) {
    forget_ranges(exchange.request);
    answer_error(exchange.response, error);
  } catch (const std::exception& error) {
    forget_ranges(exchange.request);
    answer_error(exchange.response, ApiError(500, error.what(), {}, {}, "server_error"));
  }
  // Left unread, a body would be taken for the connection's next request.
  if (exchange.multipart != nullptr)
    skip_multipart(*exchange.multipart);
}

void Router::handle_public(
    const std::string& endpoint, const Handler& handler, Exchange& exchange) {
  {
    const std::lock_guard lock(m_mutex);
    ++m_calls[endpoint];
  }
  exchange.faults = m_faults.next(endpoint);
  const auto drop = [&] {
    drop_connection(exchange.request.local_port, exchange.request.remote_port);
  };
  for (const FaultRule& fault : exchange.faults)
    if (fault.action == FaultAction::wait)
      m_stop.wait_for(to_millis(fault.seconds));
  if (exchange.fault(FaultAction::drop_before) != nullptr) {
    // Read it all first, so that the client has sent it all and cannot tell.
    if (exchange.multipart != nullptr)
      skip_multipart(*std::exchange(exchange.multipart, nullptr));
    drop();
    return;
  }
  const FaultRule* const status = exchange.fault(FaultAction::status);
  if (status != nullptr && !status->after_effect) {
    answer_fault(exchange, *status);
    return;
  }
  check_headers(exchange.request);
  handler(exchange);
  if (const FaultRule* change = exchange.fault(FaultAction::change))
    exchange.answer(with_members(exchange.response.body, change->members));
  if (status != nullptr)
    answer_fault(exchange, *status);
  if (exchange.fault(FaultAction::drop_after) != nullptr)
    drop();
  hamper_body(exchange.response, exchange.faults, m_stop);
}

void Router::check_headers(const httplib::Request& request) const {
  constexpr std::string_view k_scheme = "Bearer ";
  const std::string given = request.get_header_value("Authorization");
  if (!given.starts_with(k_scheme) || given.size() == k_scheme.size())
    throw ApiError(
        401, "You didn't provide an API key. You need to provide your API key in an Authorization "
             "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).");
  if (!m_api_key.empty() && given.substr(k_scheme.size()) != m_api_key)
    throw ApiError(401, "Incorrect API key provided.", "invalid_api_key");
  if (request.get_header_value("X-Client-Request-Id").size() > k_longest_client_request_id)
    throw ApiError(400, "The X-Client-Request-Id header is too long.");
}

std::string Router::calls_json() const {
  const std::lock_guard lock(m_mutex);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("calls").begin_object();
  for (const auto& [endpoint, count] : m_calls)
    writer.field(endpoint, count);
  writer.end_object().end_object();
  return out;
}

} // namespace embedctl::sandbox
