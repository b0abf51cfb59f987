#include "pipeline/account.hpp"

#include "base/bytes.hpp"

#include <string>

#include <fmt/format.h>

namespace embedctl::pipeline {

namespace {

std::string described(const ProviderIdentity& provider) {
  std::string text = printable(provider.base_url);
  if (!provider.organization.empty())
    text += fmt::format(", organization {}", printable(provider.organization));
  if (!provider.project.empty())
    text += fmt::format(", project {}", printable(provider.project));
  return text;
}

} // namespace

void require_same_account(const store::Run& run, const ProviderIdentity& now) {
  const auto& recorded = run.record().provider;
  if (!recorded || *recorded == now)
    return;
  throw Error(
      ErrorKind::usage,
      fmt::format(
          "run \"{}\" was sent to {}, and the provider configured now is {}",
          printable(run.paths().folder().string()), described(*recorded), described(now)),
      "set OPENAI_BASE_URL, OPENAI_ORG_ID and OPENAI_PROJECT_ID as they were; if the same account "
      "has a new address, use --provider-moved; nothing was sent");
}

void check_account(store::Run& run, Executor& executor, bool moved) {
  const ProviderIdentity now = executor.identity();
  if (!moved)
    require_same_account(run, now);
  if (run.record().provider == now)
    return;
  store::RunRecord record = run.record();
  record.provider = now;
  run.save(std::move(record));
}

} // namespace embedctl::pipeline
