#include "requests/answer_reader.hpp"

#include "base/bytes.hpp"
#include "json/numbers.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

namespace embedctl::requests {

namespace ondemand = simdjson::ondemand;

static_assert(json::LineReader::k_padding >= simdjson::SIMDJSON_PADDING);
static_assert(
    std::endian::native == std::endian::little, "base64 vectors are little-endian floats");

struct AnswerReader::Parser {
  ondemand::parser parser;
  ondemand::document document;
  std::vector<float> values;
  std::vector<std::byte> bytes;

  simdjson::dom::parser strict_parser;

  std::string_view line;
  enum class State { unread, sound, broken } state = State::unread;

  // The line without the numbers of what looks like its embedding; empty if nothing does. They are
  // most of a line, and looking through them takes a parser as long as reading them.
  std::string shortened;
  std::size_t array_at = 0; // where "[]" stands for them
  std::string_view unread;  // the array, if `values` could not be read from it
  ondemand::parser array_parser;

  void start(std::string_view whole_line) {
    line = whole_line;
    state = State::unread;
  }

  std::optional<ondemand::object> open() {
    if (state == State::unread) {
      shorten();
      look_through();
    }
    ondemand::object root;
    if (state == State::broken || !document.is_alive())
      return std::nullopt;
    document.rewind();
    if (document.get_object().get(root) != simdjson::SUCCESS)
      return std::nullopt;
    return root;
  }

  // What is asked for is all that the one parser looks at, so another has to look at the rest: what
  // two lines were torn or run together into may give one row the vector of the other.
  void look_through() {
    shortened.reserve(shortened.size() + json::LineReader::k_padding);
    const std::string_view text = shortened.empty() ? line : shortened;
    const bool is_sound =
        is_json(text)
        && parser.iterate(text.data(), text.size(), text.size() + json::LineReader::k_padding)
                   .get(document)
               == simdjson::SUCCESS;
    state = is_sound ? State::sound : State::broken;
  }

  bool is_json(std::string_view text) {
    // Not among them: a number that fits no type of the parser's is no mistake.
    constexpr std::array k_mistakes = {simdjson::EMPTY,           simdjson::TAPE_ERROR,
                                       simdjson::DEPTH_ERROR,     simdjson::STRING_ERROR,
                                       simdjson::T_ATOM_ERROR,    simdjson::F_ATOM_ERROR,
                                       simdjson::N_ATOM_ERROR,    simdjson::UTF8_ERROR,
                                       simdjson::UNESCAPED_CHARS, simdjson::UNCLOSED_STRING};
    const auto error = strict_parser.parse(text.data(), text.size(), false).error();
    return std::find(k_mistakes.begin(), k_mistakes.end(), error) == k_mistakes.end();
  }

  // After a mistake in the text simdjson is dead, and asking it once more would be a null pointer.
  simdjson::simdjson_result<ondemand::value> member(ondemand::object& object, const char* key) {
    if (!document.is_alive())
      return simdjson::TAPE_ERROR;
    return object.find_field_unordered(key);
  }

  void shorten();
  std::size_t read_vector(std::string_view text);
  bool has_been_taken_out(ondemand::value& value) const {
    return !shortened.empty() && value.raw_json_token().data() == shortened.data() + array_at;
  }

  std::optional<std::string> text_of(ondemand::object& object, const char* key);
  Failure described_failure(ondemand::object error, std::string fallback_code);
  Answer answer();
  Answer parse(ondemand::object root);
  Answer vector_of(ondemand::object body);
  Answer from_unread();
  Answer from_array(ondemand::array numbers);
  Answer from_text(std::string_view base64);
};

namespace {

Failure failure(std::string code, std::string_view message) {
  return Failure{std::move(code), printable(message)};
}

Failure bad_number() {
  return failure("bad_number", "the embedding holds something that is no finite number");
}

// The array at the front of a text if nothing in it is quoted or nested.
std::string_view plain_array(std::string_view text) {
  const std::size_t end = text.starts_with('[') ? text.find_first_of("[]{}\"", 1) : text.npos;
  return end != text.npos && text[end] == ']' ? text.substr(0, end + 1) : std::string_view();
}

Failure no_json() {
  return failure("bad_line", "the line is not valid JSON");
}

bool all_finite(std::span<const float> values) {
  // NaN and infinity have the highest exponent; one more of it carries into the place of the sign.
  std::uint32_t carried = 0;
  for (const float value : values)
    carried |= (std::bit_cast<std::uint32_t>(value) & 0x7fffffff) + 0x00800000;
  return carried >> 31 == 0;
}

// Reads the members of an object one by one as long as they are plain: no escapes, nothing nested.
class PlainMembers {
public:
  explicit PlainMembers(std::string_view object) : m_rest(object) { m_plain = take('{'); }

  // The text of the first member of this name, if it is a plain string.
  std::optional<std::string_view> text(std::string_view name) {
    while (m_plain) {
      const auto key = string();
      m_plain = key && take(':');
      skip_space();
      const bool is_string = m_rest.starts_with('"');
      const auto value = is_string ? string() : scalar();
      if (m_plain && value && key == name)
        return is_string ? value : std::nullopt;
      m_plain = m_plain && value && take(',');
    }
    return std::nullopt;
  }

private:
  void skip_space() {
    m_rest.remove_prefix(std::min(m_rest.find_first_not_of(" \t\r"), m_rest.size()));
  }

  bool take(char c) {
    skip_space();
    if (!m_rest.starts_with(c))
      return false;
    m_rest.remove_prefix(1);
    return true;
  }

  std::optional<std::string_view> string() {
    if (!take('"'))
      return std::nullopt;
    const auto end = m_rest.find_first_of("\"\\");
    if (end == std::string_view::npos || m_rest[end] != '"')
      return std::nullopt;
    const auto text = m_rest.substr(0, end);
    m_rest.remove_prefix(end + 1);
    return text;
  }

  std::optional<std::string_view> scalar() {
    const auto end = m_rest.find_first_of(",{}[]\"");
    if (end == std::string_view::npos || m_rest[end] != ',')
      return std::nullopt;
    const auto text = m_rest.substr(0, end);
    m_rest.remove_prefix(end);
    return text;
  }

  std::string_view m_rest;
  bool m_plain = false;
};

} // namespace

std::optional<std::string>
AnswerReader::Parser::text_of(ondemand::object& object, const char* key) {
  std::string_view text;
  if (member(object, key).get_string().get(text) != simdjson::SUCCESS)
    return std::nullopt;
  return std::string(text);
}

// {"code":…, "type":…, "message":…}, of which any may be missing.
Failure
AnswerReader::Parser::described_failure(ondemand::object error, std::string fallback_code) {
  auto code = text_of(error, "code");
  if (!code || code->empty())
    code = text_of(error, "type");
  const auto message = text_of(error, "message");
  return failure(
      printable(code && !code->empty() ? *code : fallback_code, 100),
      message ? *message : "the provider gave no reason");
}

// Takes the first member of this name for the embedding; vector_of() finds out if it is.
void AnswerReader::Parser::shorten() {
  constexpr std::string_view k_name = R"("embedding")";
  constexpr std::string_view k_spaces = " \t\r";
  shortened.clear();
  std::size_t at = line.find(k_name);
  for (; at != std::string_view::npos; at = line.find(k_name, at)) {
    at = line.find_first_not_of(k_spaces, at + k_name.size());
    if (at != std::string_view::npos && line[at] == ':')
      break;
  }
  if (at == std::string_view::npos)
    return;
  at = line.find_first_not_of(k_spaces, at + 1);
  if (at == std::string_view::npos)
    return;
  const std::string_view rest = line.substr(at);
  std::size_t length = read_vector(rest);
  unread = length == 0 ? plain_array(rest) : std::string_view();
  length += unread.size();
  if (length == 0)
    return;
  array_at = at;
  shortened.append(line.substr(0, at)).append("[]").append(line.substr(at + length));
}

// Reads the vector at the front of a text into `values`, in either encoding. Returns how long it
// is; 0 where anything else is there.
std::size_t AnswerReader::Parser::read_vector(std::string_view text) {
  if (!text.starts_with('"'))
    return json::read_numbers(text, values);
  const std::size_t end = text.find('"', 1);
  return end != std::string_view::npos
                 && std::holds_alternative<Embedding>(from_text(text.substr(1, end - 1)))
             ? end + 1
             : 0;
}

// Numbers of unusual size, or what some servers take for numbers: NaN makes a row fail by name and
// no line damaged.
Answer AnswerReader::Parser::from_unread() {
  ondemand::document array;
  ondemand::array numbers;
  if (array_parser.iterate(unread.data(), unread.size(), unread.size() + json::LineReader::k_padding)
              .get(array)
          != simdjson::SUCCESS
      || array.get_array().get(numbers) != simdjson::SUCCESS)
    return bad_number();
  return from_array(numbers);
}

Answer AnswerReader::Parser::answer() {
  auto root = open();
  return root ? parse(*root) : no_json();
}

Answer AnswerReader::Parser::parse(ondemand::object root) {
  ondemand::object response;
  if (member(root, "response").get_object().get(response) == simdjson::SUCCESS) {
    std::int64_t status = 0;
    const bool has_status =
        member(response, "status_code").get_int64().get(status) == simdjson::SUCCESS;
    ondemand::object body;
    const bool has_body = member(response, "body").get_object().get(body) == simdjson::SUCCESS;
    if (has_status && status >= 200 && status < 300) {
      if (has_body)
        return vector_of(body);
      return failure("no_embedding", "the result has no body");
    }
    const std::string code = has_status ? fmt::format("http_{}", status) : "no_status";
    ondemand::object error;
    if (has_body && member(body, "error").get_object().get(error) == simdjson::SUCCESS)
      return described_failure(error, code);
    return failure(code, "the provider answered this request with an error");
  }
  ondemand::object error;
  if (member(root, "error").get_object().get(error) == simdjson::SUCCESS)
    return described_failure(error, "unknown_error");
  return failure("no_result", "the line holds neither a response nor an error");
}

Answer AnswerReader::Parser::vector_of(ondemand::object body) {
  ondemand::array data;
  if (member(body, "data").get_array().get(data) != simdjson::SUCCESS)
    return failure("no_embedding", "the result holds no embedding");
  std::optional<Answer> found;
  for (auto element : data) {
    if (found)
      return failure("too_many_embeddings", "one input was answered with several embeddings");
    ondemand::object item;
    ondemand::value embedding;
    ondemand::json_type type{};
    if (element.get_object().get(item) != simdjson::SUCCESS
        || member(item, "embedding").get(embedding) != simdjson::SUCCESS
        || embedding.type().get(type) != simdjson::SUCCESS)
      return failure("no_embedding", "the result holds no embedding");
    std::string_view text;
    ondemand::array numbers;
    if (has_been_taken_out(embedding))
      found = unread.empty() ? Answer(Embedding{values}) : from_unread();
    else if (!shortened.empty()) {
      shortened.clear(); // what was taken out is something else
      look_through();
      return answer();
    } else if (
        type == ondemand::json_type::string
        && embedding.get_string().get(text) == simdjson::SUCCESS)
      found = from_text(text);
    else if (
        type == ondemand::json_type::array
        && embedding.get_array().get(numbers) == simdjson::SUCCESS)
      found = from_array(numbers);
    else
      return failure("no_embedding", "the embedding is neither an array nor a string");
    if (std::holds_alternative<Failure>(*found))
      return *std::move(found);
  }
  return found ? *std::move(found)
                : Answer(failure("no_embedding", "the result holds no embedding"));
}

Answer AnswerReader::Parser::from_array(ondemand::array numbers) {
  values.clear();
  for (auto number : numbers) {
    double value = 0;
    if (number.get_double().get(value) != simdjson::SUCCESS)
      return bad_number();
    // Not by way of the double, which release 3.0 of simdjson misreads where it has many digits.
    const std::string_view text = number.raw_json_token();
    values.push_back(json::nearest_float(text));
  }
  if (!all_finite(values))
    return failure("not_finite", "the embedding holds a number too large for a vector");
  return Embedding{values};
}

Answer AnswerReader::Parser::from_text(std::string_view base64) {
  if (!from_base64(base64, bytes) || bytes.size() % sizeof(float) != 0)
    return failure("bad_base64", "the embedding is no base64 of 32-bit floats");
  values.resize(bytes.size() / sizeof(float));
  if (!values.empty())
    std::memcpy(values.data(), bytes.data(), bytes.size());
  if (!all_finite(values))
    return failure("not_finite", "the embedding holds NaN or infinity");
  return Embedding{values};
}

AnswerReader::AnswerReader(std::unique_ptr<InputStream> text)
    : m_lines(std::move(text)), m_parser(std::make_unique<Parser>()) {}

AnswerReader::AnswerReader(const std::filesystem::path& path)
    : AnswerReader(std::make_unique<FileStream>(path)) {}

AnswerReader::~AnswerReader() = default;
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;

bool AnswerReader::next() {
  while (m_lines.next())
    if (m_lines.too_long() || m_lines.line().find_first_not_of(" \t\r") != std::string_view::npos) {
      m_parser->start(m_lines.line());
      return true;
    }
  return false;
}

std::optional<std::string_view> AnswerReader::likely_id() {
  if (const auto id = PlainMembers(m_lines.line()).text("custom_id"))
    return id;
  return custom_id();
}

std::optional<std::string_view> AnswerReader::custom_id() {
  auto root = m_parser->open();
  std::string_view id;
  if (!root || root->find_field_unordered("custom_id").get_string().get(id) != simdjson::SUCCESS)
    return std::nullopt;
  return id;
}

Answer AnswerReader::answer() {
  return m_parser->answer();
}

} // namespace embedctl::requests
