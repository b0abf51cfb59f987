#include "json/lazy_document.hpp"

#include "json/line_reader.hpp"

#include "support/catch.hpp"

#include <string>

using namespace embedctl::json;

namespace {

// A text with the bytes behind it that a parser may read.
class Padded {
public:
  explicit Padded(const std::string& text)
      : m_size(text.size()), m_text(text + std::string(LineReader::k_padding, ' ')) {}
  std::string_view text() const { return std::string_view(m_text).substr(0, m_size); }

private:
  std::size_t m_size;
  std::string m_text;
};

bool is_valid(const std::string& text) {
  const Padded padded(text);
  return LazyDocument().parse(padded.text());
}

} // namespace

TEST_CASE("members of a lazy document are found in any order", "[json]") {
  const Padded text(R"({"n":-5,"o":{"s":"a\nb","t":""},"x":1.5,"big":123456789012345678901})");
  LazyDocument document;
  REQUIRE(document.parse(text.text()));
  auto root = document.root();
  REQUIRE(root);
  CHECK_FALSE(root->integer("x"));
  CHECK_FALSE(root->integer("big"));
  auto object = root->object("o");
  REQUIRE(object);
  CHECK(object->string("t") == "");
  CHECK(object->string("s") == "a\nb");
  CHECK_FALSE(object->integer("n"));

  root = document.root(); // again from the start
  REQUIRE(root);
  CHECK(root->integer("n") == -5);
  CHECK_FALSE(root->string("o"));
  CHECK_FALSE(root->object("absent"));
  CHECK_FALSE(root->value("absent"));
}

TEST_CASE("elements of a lazy array come one after another", "[json]") {
  const Padded text(R"({"empty":[],"a":[{"k":1},"s",[2,3],{"k":4}]})");
  LazyDocument document;
  REQUIRE(document.parse(text.text()));
  auto root = document.root();
  REQUIRE(root);
  auto empty = root->array("empty");
  REQUIRE(empty);
  CHECK_FALSE(empty->next());
  auto array = root->array("a");
  REQUIRE(array);
  CHECK(array->next()->as_object()->integer("k") == 1);
  CHECK(array->next()->as_string() == "s");
  auto nested = array->next();
  REQUIRE(nested);
  CHECK_FALSE(nested->as_object());
  CHECK(nested->text() == R"([2,3],{"k":4}]})");
  CHECK(array->next()->as_object()->integer("k") == 4);
  CHECK_FALSE(array->next());

  root = document.root();
  CHECK_FALSE(root->array("absent"));
  CHECK(root->value("a")->text().starts_with("[{"));
}

TEST_CASE("a lazy document is checked as a whole", "[json]") {
  CHECK(is_valid(R"({"a":[1,{"b":null}]})"));
  CHECK(is_valid(R"({"a":1e999,"b":123456789012345678901234567890})")); // if more than anyone needs
  for (const char* bad :
       {"", " ", "{", "{}}", "{} {}", R"({"a":1,"b":})", R"({"a":1,"b":tru})", R"({"a":"\q"})",
        "{\"a\":\"\xff\"}", "{\"a\":\"\t\"}", R"({"a":"b)", R"({"a" 1})"}) {
    INFO(bad);
    CHECK_FALSE(is_valid(bad));
  }
}

TEST_CASE("a lazy document without an object has no root", "[json]") {
  LazyDocument document;
  CHECK_FALSE(document.root());
  for (const char* json : {"[]", "5", "\"a\"", "null", "{"}) {
    const Padded text(json);
    document.parse(text.text());
    CHECK_FALSE(document.root());
  }
  const Padded good("{}");
  CHECK(document.parse(good.text()));
  CHECK(document.root());
}
