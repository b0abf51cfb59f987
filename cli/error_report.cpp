#include "cli/error_report.hpp"

#include "base/bytes.hpp"
#include "json/writer.hpp"

#include <exception>
#include <filesystem>
#include <new>
#include <vector>

#include <fmt/format.h>

namespace embedctl::cli {

namespace {

// One message may tell of all attempts of a retry loop.
constexpr std::size_t k_longest_text = 8000;

constexpr std::string_view k_red = "\x1b[1;31m";
constexpr std::string_view k_plain = "\x1b[0m";

std::string details_of(const Error& error) {
  const std::string_view told = error.what();
  std::vector<std::string> details;
  const auto add_if_untold = [&](const std::string& detail) {
    if (told.find(detail) == std::string_view::npos)
      details.push_back(detail);
  };
  if (!error.sqlstate.empty())
    add_if_untold("SQLSTATE " + error.sqlstate);
  if (error.provider) {
    if (error.provider->http_status != 0)
      add_if_untold(fmt::format("HTTP {}", error.provider->http_status));
    add_if_untold(error.provider->code); // an empty one is in every text
    if (!error.provider->request_id.empty())
      add_if_untold("request " + error.provider->request_id);
  }
  return details.empty() ? "" : fmt::format(" ({})", fmt::join(details, ", "));
}

} // namespace

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorKind::io, "out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    return Error(ErrorKind::io, error.what());
  } catch (const std::exception& error) {
    return Error(
        ErrorKind::internal, fmt::format("unexpected: {}", error.what()),
        "this is a bug in embedctl; please report it");
  } catch (...) {
    return Error(ErrorKind::internal, "unexpected exception of an unknown type");
  }
}

std::string error_text(const Error& error, bool colour) {
  // A command that was asked to stop has not failed.
  const std::string label =
      error.kind() == ErrorKind::interrupted
          ? ""
          : fmt::format("{}error:{} ", colour ? k_red : "", colour ? k_plain : "");
  std::string text = fmt::format(
      "embedctl: {}{}\n", label, printable(error.what() + details_of(error), k_longest_text));
  if (!error.hint().empty())
    text += fmt::format("hint: {}\n", printable(error.hint(), k_longest_text));
  return text;
}

std::string error_json(const Error& error, int exit_code) {
  std::string text;
  json::Writer writer(text);
  const auto field = [&](std::string_view name, const std::string& content) {
    if (!content.empty())
      writer.field(name, printable(content, k_longest_text));
  };
  writer.begin_object().key("error").begin_object();
  writer.field("kind", to_string(error.kind()));
  writer.field("message", printable(error.what(), k_longest_text));
  writer.field("hint", printable(error.hint(), k_longest_text));
  field("sqlstate", error.sqlstate);
  if (error.provider) {
    if (error.provider->http_status != 0)
      writer.field("http_status", error.provider->http_status);
    field("code", error.provider->code);
    field("request_id", error.provider->request_id);
  }
  writer.field("exit_code", exit_code);
  writer.end_object().end_object();
  return text;
}

} // namespace embedctl::cli
