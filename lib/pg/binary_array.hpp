#pragma once

#include "core/rows.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace embedctl::pg {

// Types that Postgres has had under these numbers for ever.
inline constexpr Oid k_text = 25;
inline constexpr Oid k_text_array = 1009;
inline constexpr Oid k_bytea = 17;
inline constexpr Oid k_bytea_array = 1001;

// One-dimensional arrays in Postgres' binary form. They replace what `out` holds and keep its
// capacity, so that the next chunk allocates nothing.
void encode_texts(std::string& out, std::span<const std::string> texts);
void encode_fingerprints(std::string& out, std::span<const Fingerprint> fingerprints);

// pgvector's vector[]: `values` holds `dims` numbers for each. The type of an element is the
// server's own affair, and its number differs between databases.
void encode_vectors(std::string& out, Oid element, std::span<const float> values, std::size_t dims);

} // namespace embedctl::pg
