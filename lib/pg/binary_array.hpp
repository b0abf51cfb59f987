#pragma once

#include "core/rows.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace embedctl::pg {

// OIDs of built-in types, which never change.
inline constexpr Oid k_text = 25;
inline constexpr Oid k_text_array = 1009;
inline constexpr Oid k_bytea = 17;
inline constexpr Oid k_bytea_array = 1001;

// One-dimensional arrays in Postgres' binary format. They overwrite `out` and keep its capacity, so
// that the next chunk does not allocate.
void encode_texts(std::string& out, std::span<const std::string> texts);
void encode_fingerprints(std::string& out, std::span<const Fingerprint> fingerprints);

// pgvector's vector[], `dims` numbers per vector. The element type's OID differs between databases.
void encode_vectors(std::string& out, Oid element, std::span<const float> values, std::size_t dims);

} // namespace embedctl::pg
