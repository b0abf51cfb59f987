#include "requests/models.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace embedctl::requests {

namespace {

struct Model {
  std::string_view name;
  int width;
  bool can_shorten;
};

constexpr std::array k_models = {
    Model{"text-embedding-3-small", 1536, true}, Model{"text-embedding-3-large", 3072, true},
    Model{"text-embedding-ada-002", 1536, false}};

} // namespace

Request embed_request(const std::string& model, std::optional<int> dims, int usual) {
  Request request;
  request.model = model;
  request.dims = dims.value_or(usual);
  const auto known = std::find_if(
      k_models.begin(), k_models.end(), [&](const Model& each) { return each.name == model; });
  if (known == k_models.end()) {
    request.sends_dims = dims.has_value();
    return request;
  }
  if (known->can_shorten ? request.dims > known->width : request.dims != known->width)
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "{} has {}{} dimensions, not {}", model, known->can_shorten ? "at most " : "",
            known->width, request.dims),
        fmt::format("use --dims {}, or another --model", known->width));
  request.sends_dims = request.dims != known->width;
  return request;
}

} // namespace embedctl::requests
