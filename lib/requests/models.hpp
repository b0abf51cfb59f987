#pragma once

#include "core/request.hpp"

#include <optional>
#include <string>

namespace embedctl::requests {

// The request to embed with this model, `dims` wide, or `usual` wide if no width is asked for. The
// width is part of the request only where the model would give another one, and to an unknown model
// only if it is asked for: not every model takes it. Throws Error{usage} for a width that the model
// does not have.
Request embed_request(const std::string& model, std::optional<int> dims, int usual);

} // namespace embedctl::requests
