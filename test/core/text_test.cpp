#include "core/text.hpp"

#include "support/catch.hpp"

using namespace embedctl;

TEST_CASE("text that shows nothing is blank", "[core]") {
  for (const char* blank :
       {"", " ", "\t\n\v\f\r ", "\xc2\xa0", "\xe2\x80\xa8\xe2\x80\xa9", "\xe3\x80\x80 \xe2\x80\x83",
        "\xef\xbb\xbf", "\xe2\x80\x8b\n"})
    CHECK(is_blank(blank));
  for (const char* text :
       {"x", " . ", "\xc2\xa0\xc2\xa1", "\xe2\x80", "\xe2", "\x01", "\xe2\x80\x94", "\x7f"})
    CHECK_FALSE(is_blank(text));
}

TEST_CASE("a UUID is understood in every form that Postgres takes", "[core]") {
  const std::string canonical = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
  for (const char* form :
       {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"})
    CHECK(canonical_uuid(form) == canonical);
}

TEST_CASE("what is no UUID is refused", "[core]") {
  for (const char* bad :
       {"", "{}", "{", "-", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "../../etc/passwd",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-",
        "-a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
        "a0-eebc999c0b4ef8bb6d6bb9bd380a11", "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n"})
    CHECK_FALSE(canonical_uuid(bad));
}
