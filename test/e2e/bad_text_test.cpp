#include "e2e/world.hpp"
#include "support/catch.hpp"

#include <map>
#include <sstream>

namespace embedctl::e2e {

namespace {

using Texts = std::map<std::string, std::string>; // by id

Texts in_database(const World& world) {
  Texts texts;
  for (const auto& row : world.database().rows("SELECT id, content FROM knowledge_chunks"))
    texts[row[0]] = row[1];
  return texts;
}

// What the provider holds as the batch's input.
Texts at_provider(const World& world, const std::string& run_dir) {
  const Json batch(content_of(batch_folder(run_dir) / "batch.json"));
  std::istringstream content(
      world.sandbox().get("/v1/files/" + batch.text("input_file_id") + "/content"));
  Texts texts;
  for (std::string line; std::getline(content, line);) {
    const Json request(line);
    texts[request.text("custom_id")] = request.text("body.input");
  }
  return texts;
}

} // namespace

TEST_CASE("any text arrives at the provider exactly as it is stored", "[e2e]") {
  const World world;
  int n = 0;
  for (const char* text :
       {R"(E'quotes " \' and \\ backslashes \\n \\u0041')", R"(E'lines\nand\r\nmore\n')",
        R"(E'\U0001F527 emoji \U0001F468\u200D\U0001F527 joined')",
        R"(E'control \x01\x02\x07\x08\x0B\x0C\x1B\x1F\x7F\u0080\u009F')",
        R"(E'separators \u2028 and \u2029 and \u0085')", R"(E'\uFEFFa byte order mark')",
        R"(E'  white space around \t')", R"(E'\uFFFD \uFFFF \U0010FFFF')",
        R"(E'</script>{"custom_id":"x"}')", R"(repeat('long ', 5000))"})
    world.database().exec(
        "INSERT INTO knowledge_chunks VALUES ('" + chunk(++n) + "', '" + family(1) + "', " + text
        + ")");
  const std::string run_dir = world.submit(1);
  CHECK(at_provider(world, run_dir) == in_database(world));

  world.let_pass();
  CHECK(world.run({"ingest", "--run-dir", run_dir}).exit_code == 0);
  CHECK(world.count("embedding IS NULL") == 0);
  CHECK(world.wrong_vectors() == 0);
}

TEST_CASE("a text that is nothing but white space is skipped and listed", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  world.add_chunk(1, 3, "");
  world.add_chunk(1, 4, " \t\n ");
  world.database().exec(
      "INSERT INTO knowledge_chunks VALUES ('" + chunk(5) + "', '" + family(1) + "', NULL), ('"
      + chunk(6) + "', '" + family(1) + "', E'\\u00A0\\u3000')");
  const Outcome submit = world.run({"submit", "--family-id", family(1), "--json"});
  CHECK(submit.exit_code == 3);
  const Json answer(submit.out);
  CHECK(answer.number("rows_selected") == 6);
  CHECK(answer.number("rows.skipped") == 4);
  const std::string run_dir = (world.folder() / answer.text("run_dir")).string();
  const auto skipped = lines_of(batch_folder(run_dir) / "skipped_chunk_ids.tsv");
  REQUIRE(skipped.size() == 4);
  CHECK(skipped[0] == chunk(3) + "\tempty_text");

  world.let_pass();
  const Outcome ingest = world.run({"ingest", "--run-dir", run_dir, "--json"});
  CHECK(ingest.exit_code == 3);
  CHECK(Json(ingest.out).number("rows.written") == 2);
  CHECK(Json(ingest.out).number("rows.skipped") == 4);
  CHECK(world.sandbox().billed("requests") == 2);
}

TEST_CASE("a row whose request alone is over the byte limit is skipped and listed", "[e2e]") {
  const World world;
  world.add_chunks(1, 1, 2);
  world.database().exec(
      "INSERT INTO knowledge_chunks VALUES ('" + chunk(3) + "', '" + family(1)
      + "', repeat('x', 5000))");
  const Outcome submit =
      world.run({"submit", "--family-id", family(1), "--max-bytes-per-batch", "4000", "--json"});
  CHECK(submit.exit_code == 3);
  const std::string run_dir = (world.folder() / Json(submit.out).text("run_dir")).string();
  CHECK(
      lines_of(batch_folder(run_dir) / "skipped_chunk_ids.tsv")
      == std::vector<std::string>{chunk(3) + "\ttoo_large"});
  CHECK(world.sandbox().batch_ids().size() == 1);
}

TEST_CASE("a family of nothing but empty texts sends nothing and makes no run", "[e2e]") {
  const World world(k_at_once);
  world.add_chunk(1, 1, "");
  const Outcome outcome = world.run({"run", "--family-id", family(1), "--json"});
  CHECK(outcome.exit_code == 3);
  CHECK(Json(outcome.out).text("state") == "nothing_to_do");
  CHECK(Json(outcome.out).number("rows.skipped") == 1);
  CHECK(world.sandbox().calls("POST /v1/files") == 0);
}

} // namespace embedctl::e2e
