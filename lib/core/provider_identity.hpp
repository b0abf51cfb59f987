#pragma once

#include <string>

namespace embedctl {

// Whose batches and files they are, as far as it can be told without the key.
struct ProviderIdentity {
  std::string base_url;
  std::string organization; // empty: the key's default
  std::string project;      // likewise

  friend bool operator==(const ProviderIdentity&, const ProviderIdentity&) = default;
};

} // namespace embedctl
