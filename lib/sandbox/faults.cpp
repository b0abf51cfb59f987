#include "sandbox/faults.hpp"

#include "base/error.hpp"
#include "json/value.hpp"
#include "json/writer.hpp"

#include <array>

#include <fmt/format.h>

namespace embedctl::sandbox {

namespace {

constexpr std::array<std::pair<std::string_view, FaultAction>, 9> k_actions = {{
    {"status", FaultAction::status},
    {"wait", FaultAction::wait},
    {"drop_before", FaultAction::drop_before},
    {"drop_after", FaultAction::drop_after},
    {"truncate", FaultAction::truncate},
    {"stall", FaultAction::stall},
    {"change", FaultAction::change},
    {"damage", FaultAction::damage},
    {"fail_validation", FaultAction::fail_validation},
}};

std::string_view to_string(FaultAction action) {
  return k_actions[static_cast<std::size_t>(action)].first;
}

Error bad_rule(const std::string& why) {
  return Error(ErrorKind::usage, "the fault plan is not valid: " + why);
}

FaultAction read_action(const json::Value& rule) {
  const auto name = rule.string("action").value_or("");
  for (const auto& [known, action] : k_actions)
    if (known == name)
      return action;
  throw bad_rule(fmt::format("\"{}\" is not a valid action", name));
}

std::uint64_t read_count(const json::Value& rule, const char* key, std::uint64_t otherwise) {
  if (!rule.find(key))
    return otherwise;
  const auto number = rule.integer(key);
  if (!number || *number < 0)
    throw bad_rule(fmt::format("\"{}\" is not a valid count", key));
  return static_cast<std::uint64_t>(*number);
}

Damage read_damage(const json::Value& rule) {
  Damage damage;
  const auto mode = damage_mode_from(rule.string("mode").value_or(""));
  if (!mode)
    throw bad_rule(
        fmt::format("\"{}\" is not a valid damage mode", rule.string("mode").value_or("")));
  damage.mode = *mode;
  if (const auto lines = rule.find("lines"))
    lines->for_each([&](const json::Value& line) {
      damage.lines.insert(static_cast<std::uint64_t>(line.as_int().value_or(0)));
    });
  else
    damage.lines = {1};
  return damage;
}

std::vector<InputError> read_refusal(const json::Value& rule) {
  InputError refusal;
  refusal.code = rule.string("code").value_or("server_error");
  refusal.message = rule.string("message").value_or("The sandbox let this batch fail.");
  refusal.param = rule.string("param");
  if (const auto line = rule.integer("line"))
    refusal.line = static_cast<std::uint64_t>(*line);
  std::vector<InputError> refusals;
  if (const auto lines = rule.find("lines"))
    lines->for_each([&](const json::Value& line) {
      refusal.line = static_cast<std::uint64_t>(line.as_int().value_or(0));
      refusals.push_back(refusal);
    });
  for (std::uint64_t line = 1; line <= read_count(rule, "first_lines", 0); ++line) {
    refusal.line = line;
    refusals.push_back(refusal);
  }
  if (refusals.empty())
    refusals.push_back(refusal);
  return refusals;
}

void read_answer(FaultRule& rule, const json::Value& value) {
  rule.status = static_cast<int>(value.integer("status").value_or(500));
  rule.after_effect = value.boolean("after_effect").value_or(false);
  if (const auto headers = value.find("headers"))
    headers->for_each_member([&](std::string_view name, const json::Value& content) {
      rule.headers.emplace_back(name, content.as_string().value_or(""));
    });
  if (const auto body = value.find("body"))
    rule.body = body->as_string() ? std::string(*body->as_string()) : body->dump();
}

FaultRule read_rule(const json::Value& value) {
  FaultRule rule;
  rule.endpoint = value.string("endpoint").value_or("");
  if (rule.endpoint.empty())
    throw bad_rule("a rule has no endpoint");
  rule.action = read_action(value);
  rule.from = read_count(value, "from", read_count(value, "call", 1));
  rule.count = read_count(value, "count", 1);
  if (const auto seconds = value.find("seconds"))
    rule.seconds = seconds->as_double().value_or(0);
  rule.bytes = read_count(value, "bytes", 0);
  if (rule.action == FaultAction::status)
    read_answer(rule, value);
  if (const auto members = value.find("members"))
    members->for_each_member([&](std::string_view name, const json::Value& content) {
      rule.members.emplace_back(name, content.dump());
    });
  if (rule.action == FaultAction::damage)
    rule.damage = read_damage(value);
  if (rule.action == FaultAction::fail_validation)
    rule.refuse_with = read_refusal(value);
  return rule;
}

} // namespace

void FaultPlan::replace(std::string_view json) {
  const auto document = json::Document::try_parse(json);
  if (!document)
    throw bad_rule("it is not valid JSON");
  auto list = document->root();
  if (const auto rules = list.find("rules"))
    list = *rules;
  if (!list.is_array())
    throw bad_rule("it has no list of rules");
  std::vector<FaultRule> rules;
  list.for_each([&](const json::Value& rule) { rules.push_back(read_rule(rule)); });
  const std::lock_guard lock(m_mutex);
  m_rules = std::move(rules);
}

std::vector<FaultRule> FaultPlan::next(std::string_view endpoint) {
  const std::lock_guard lock(m_mutex);
  std::vector<FaultRule> due;
  for (FaultRule& rule : m_rules) {
    if (rule.endpoint != endpoint && rule.endpoint != "*")
      continue;
    const auto call = ++rule.seen;
    if (call < rule.from || (rule.count != 0 && call - rule.from >= rule.count))
      continue;
    ++rule.fired;
    due.push_back(rule);
  }
  return due;
}

std::string FaultPlan::json() const {
  const std::lock_guard lock(m_mutex);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("rules").begin_array();
  for (const FaultRule& rule : m_rules)
    writer.begin_object()
        .field("endpoint", rule.endpoint)
        .field("action", to_string(rule.action))
        .field("from", rule.from)
        .field("count", rule.count)
        .field("seen", rule.seen)
        .field("fired", rule.fired)
        .end_object();
  writer.end_array().end_object();
  return out;
}

} // namespace embedctl::sandbox
