#include "pipeline/account.hpp"

#include "pipeline/world.hpp"
#include "support/catch.hpp"

using namespace embedctl;
using namespace embedctl::pipeline;
using namespace embedctl::store;
using namespace embedctl::test;

TEST_CASE("a run is not gone on with at another provider", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  CHECK(run.record().provider == world.provider.who);
  const ProviderIdentity sent_to = world.provider.who;
  for (const ProviderIdentity& other :
       {ProviderIdentity{"https://other.test/v1", "", ""},
        ProviderIdentity{sent_to.base_url, "org-2", ""},
        ProviderIdentity{sent_to.base_url, "", "proj_2"}}) {
    world.provider.who = other;
    const int asked = world.provider.retrieves;
    CHECK(kind_of([&] { advance(run, {}, world.ports()); }) == ErrorKind::usage);
    CHECK(kind_of([&] { require_same_account(run, other); }) == ErrorKind::usage);
    CHECK(world.provider.retrieves == asked);
  }
  CHECK(Run::load(run.paths().folder()).record().provider == sent_to);
  world.provider.who = sent_to;
  CHECK_NOTHROW(advance(run, {}, world.ports()));
}

TEST_CASE("who says that the account moved goes on at the new address", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  world.end_all(run);
  world.provider.who.base_url = "https://new.test/v1";
  AdvanceOptions options;
  options.apply.provider_moved = true;
  CHECK(std::holds_alternative<Done>(advance(run, options, world.ports())));
  CHECK(Run::load(run.paths().folder()).record().provider == world.provider.who);
}

TEST_CASE("a run of format 1 has its provider put on record at first contact", "[pipeline]") {
  World world(2);
  Run run = world.submit();
  RunRecord record = run.record();
  record.provider.reset();
  run.save(record);
  advance(run, {}, world.ports());
  CHECK(Run::load(run.paths().folder()).record().provider == world.provider.who);
}

TEST_CASE("a dry run has no provider on record before it is sent", "[pipeline]") {
  World world(2);
  auto options = world.options();
  options.dry_run = true;
  world.has_key = false;
  Run run = world.submit(options);
  CHECK_FALSE(run.record().provider);
  world.executor = world.make_executor();
  world.has_key = true;
  const Claim claim = release_dry_run(run, world.ports());
  advance(run, {}, world.ports());
  CHECK(run.record().provider == world.provider.who);
}

TEST_CASE("a creation in doubt is not repeated under a key that does not see the file", "[pipeline]") {
  World world(2);
  world.provider.after_create = [] { throw FakeProvider::lost("create"); };
  world.provider.hidden = {"batch-2"};
  auto options = world.options();
  options.dry_run = true;
  Run run = world.submit(options);
  const Claim claim = release_dry_run(run, world.ports());
  world.provider.before_look = [&] { world.provider.files.clear(); }; // another account's key
  const Outcome outcome = advance(run, {}, world.ports());
  REQUIRE(std::holds_alternative<Blocked>(outcome));
  CHECK_THAT(
      std::get<Blocked>(outcome).why.what(), ContainsSubstring("is not known to this account"));
  CHECK(world.provider.creates == 1);
  CHECK(load_batch_record(run.paths().batch(1).record()).state == BatchState::creating);
}
