#pragma once

#include <string>

namespace embedctl {

// Which account owns batches and files, as far as known without the key.
struct ProviderIdentity {
  std::string base_url;
  std::string organization; // empty: the key's default
  std::string project;      // likewise

  friend bool operator==(const ProviderIdentity&, const ProviderIdentity&) = default;
};

} // namespace embedctl
