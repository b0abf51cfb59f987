#pragma once

#include "sandbox/vectors.hpp"
#include "json/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedctl::sandbox {

struct Model {
  std::string_view name;
  int dims;
  bool can_shorten; // takes "dimensions"
};

std::span<const Model> models();
const Model* find_model(std::string_view name);

// A rough token count: four bytes per token, at least one.
std::uint64_t estimate_tokens(std::string_view text);

struct InputSize {
  std::uint64_t inputs = 0;
  std::uint64_t tokens = 0;
};

// Token count of a request's "input" in any form; 0 if it is not valid.
InputSize measure_input(const json::Value& body);

// The body of a POST /v1/embeddings call, or of one batch line.
struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> inputs; // a token array as its numbers with blanks between
  int dims = 0;
  Encoding encoding = Encoding::floats;
  std::uint64_t tokens = 0;
};

// Throws the ApiError that the real endpoint would return.
EmbeddingRequest read_embedding_request(const json::Value& body);

// Appends {"object":"list","data":[…],"model":…,"usage":…}.
void append_embeddings(std::string& out, const EmbeddingRequest& request);

// A failure requested by the text: `[[fail:429]]` (any status from 400 to 599) returns that status,
// `[[fail:some_code]]` fails without an HTTP response, like a request that never ran.
struct WantedFailure {
  int status = 0; // 0: without an HTTP answer
  std::string code;
};

std::optional<WantedFailure> wanted_failure(const EmbeddingRequest& request);

} // namespace embedctl::sandbox
