#pragma once

#include <string>
#include <string_view>

namespace embedctl {

enum class RequestKind { embed };

std::string_view to_string(RequestKind kind);

// Throws Error{corrupt} for an unknown name.
RequestKind request_kind_from(std::string_view name);

// What a run requests, the same for all of its rows.
struct Request {
  RequestKind kind = RequestKind::embed;
  std::string model;
  int dims = 0;
  std::string encoding = "base64"; // how vectors are asked for: "base64" or "float"
  bool sends_dims = true;          // whether the width is asked for, or is the model's own

  friend bool operator==(const Request&, const Request&) = default;
};

} // namespace embedctl
