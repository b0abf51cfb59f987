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

// About what a tokenizer would say: four bytes to a token, at least one.
std::uint64_t estimate_tokens(std::string_view text);

struct InputSize {
  std::uint64_t inputs = 0;
  std::uint64_t tokens = 0;
};

// Of the "input" of a request, whatever its form; nothing for one that is wrong.
InputSize measure_input(const json::Value& body);

// The body of one call of POST /v1/embeddings, or of one line of a batch.
struct EmbeddingRequest {
  std::string model;
  std::vector<std::string> inputs; // a token array as its numbers with blanks between
  int dims = 0;
  Encoding encoding = Encoding::floats;
  std::uint64_t tokens = 0;
};

// Throws ApiError as the real endpoint refuses.
EmbeddingRequest read_embedding_request(const json::Value& body);

// Appends {"object":"list","data":[…],"model":…,"usage":…}.
void append_embeddings(std::string& out, const EmbeddingRequest& request);

// A failure that a text asks for: `[[fail:429]]` (any status from 400 to 599) answers that status,
// `[[fail:some_code]]` fails without an HTTP answer, as a request that never ran does.
struct WantedFailure {
  int status = 0; // 0: without an HTTP answer
  std::string code;
};

std::optional<WantedFailure> wanted_failure(const EmbeddingRequest& request);

} // namespace embedctl::sandbox
