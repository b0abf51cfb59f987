# Sourced by make: how each state is reached. Most of them the binary reaches by itself; for some it
# is killed in a call that the provider keeps waiting; for those that last an instant it is killed
# at the right operation. Whatever is edited says so.

two_at_a_time=(--max-requests-per-batch 2)

# submitted_rows N [OPTION…]: N rows in one run that is all sent.
submitted_rows() {
  add_rows 1 "$1"
  start_sandbox
  exits 0 "${submit[@]}" "${@:2}"
}

# --- before anything is sent

is_unborn() { [ -d "$(run_dir)" ] && [ ! -e "$(run_dir)/run.json" ]; }
is_unplanned() { [ -d "$(batch_file 1 '')" ] && ! is_there 1 batch.json; }
is_planned() { stands 1 planned && is_there 1 input.jsonl.tmp; }
is_planned_later() { stands 1 uploading && stands 2 planned && is_there 2 rows.tsv; }

make_unborn() { # a run folder without run.json
  add_rows 1 4
  killed_at is_unborn "${submit[@]}"
}

make_unplanned() { # a batch folder without batch.json
  add_rows 1 4
  killed_at is_unplanned "${submit[@]}"
}

make_planned() { # the selection was cut short in the first batch
  add_rows 1 6
  killed_at is_planned "${submit[@]}" "${two_at_a_time[@]}"
}

make_planned_later() { # the selection was cut short in the second batch
  add_rows 1 6
  killed_at is_planned_later "${submit[@]}" "${two_at_a_time[@]}"
}

make_interrupted() { # the same, and what was reached could not be sent either
  make_planned_later
  start_sandbox
  plan '{"endpoint": "POST /v1/files", "action": "status", "status": 400}' \
    '{"endpoint": "POST /v1/batches", "action": "status", "status": 400}'
  exits 1 submit --run-dir "$(run_dir)"
  grep -q '"selection": "interrupted"' "$(run_dir)/run.json"
}

make_dry_run() { # written, and not to be sent
  add_rows 1 5
  add_blank_row 6
  start_sandbox
  exits 3 "${submit[@]}" --max-requests-per-batch 3 --dry-run
  stands 2 written
}

make_skipped() { # no row of the run can be sent
  add_blank_row 1
  add_blank_row 2
  start_sandbox
  exits 3 "${submit[@]}"
  stands 1 ingested
}

is_written() { stands 1 written && grep -q '"selection": "complete"' "$(run_dir)/run.json"; }

make_written() { # killed before it was sent
  add_rows 1 4
  killed_at is_written "${submit[@]}"
}

make_written_refused() { # the upload was refused
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/files", "action": "status", "status": 400}'
  exits 1 "${submit[@]}"
  stands 1 written
}

# --- in doubt

make_uploading_unheard() { # the provider has no file; the second batch is written
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/files", "action": "wait", "seconds": 600}'
  killed_while is_waiting "${submit[@]}" "${two_at_a_time[@]}"
  stands 1 uploading
  stands 2 written
}

make_uploading_done() { # the provider has the file, and its answer was lost
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/files", "action": "drop_after"}' \
    '{"endpoint": "GET /v1/files", "action": "wait", "seconds": 600}'
  killed_while is_waiting "${submit[@]}"
  stands 1 uploading
}

is_uploaded() { stands 1 uploaded; }

make_uploaded() {
  add_rows 1 4
  killed_at is_uploaded "${submit[@]}"
}

make_uploaded_refused() { # the creation was refused
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "action": "status", "status": 400}'
  exits 1 "${submit[@]}"
  stands 1 uploaded
}

make_creating_unheard() { # the provider has no batch
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "action": "wait", "seconds": 600}'
  killed_while is_waiting "${submit[@]}"
  stands 1 creating
}

# The first call lists batches to see whether the key is good.
make_creating_done() { # the provider has the batch, and its answer was lost
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "action": "drop_after"}' \
    '{"endpoint": "GET /v1/batches", "call": 2, "action": "wait", "seconds": 600}'
  killed_while is_waiting "${submit[@]}"
  stands 1 creating
}

make_creating_ended() { # the same, and the provider is done with it
  make_creating_done
  pass 10
}

make_doubled() { # a creation without an answer showed too late, so there is a second batch
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "action": "drop_after"}' \
    '{"endpoint": "GET /v1/batches", "call": 2, "action": "status", "status": 200,
      "body": {"object": "list", "data": [], "has_more": false}}'
  exits 0 "${submit[@]}"
  grep -q '"in_doubt": true' "$(batch_file 1 batch.json)"
}

make_doubled_cancelled() { # the same, found and cancelled
  make_doubled
  exits 0 status --run-dir "$(run_dir)" --update-json
  pass 1
  grep -q '"duplicates": \[$' "$(batch_file 1 batch.json)"
}

# --- with the provider

make_submitted() { # not looked at since; one row is skipped
  add_rows 1 6
  add_blank_row 7
  start_sandbox
  exits 3 "${submit[@]}" --max-requests-per-batch 4
  stands 2 submitted
}

make_submitted_in_progress() { # looked at on the way
  submitted_rows 4
  pass 0.5
  exits 0 status --run-dir "$(run_dir)" --update-json
  grep -q '"status": "in_progress"' "$(batch_file 1 batch.json)"
}

make_submitted_cancelling() {
  submitted_rows 4
  pass 0.7
  api "/v1/batches/$(batch_id 1)/cancel" -X POST >>"$log"
  exits 0 status --run-dir "$(run_dir)" --update-json
  grep -q '"status": "cancelling"' "$(batch_file 1 batch.json)"
}

make_submitted_completed() { # at the provider, and not known here
  submitted_rows 4
  pass 10
}

make_submitted_limit() { # a part of the rows, with vectors as numbers
  submitted_rows 6 --limit 4 --encoding float
}

make_submitted_edited() { # rows were edited, filled and deleted while they were in flight
  submitted_rows 5
  pass 10
  edit_rows
}

# --- ended

make_ended() {
  submitted_rows 4
  pass 10
  exits 0 status --run-dir "$(run_dir)" --update-json
  stands 1 ended
}

make_ended_failures() { # some requests failed
  add_rows 1 6
  start_sandbox --fail-every 3
  exits 0 "${submit[@]}"
  pass 10
  exits 0 status --run-dir "$(run_dir)" --update-json
  stands 1 ended
}

make_ended_expired() { # with half of its results
  add_rows 1 6
  start_sandbox --validating-seconds 0 --in-progress-seconds 100 --window-seconds 50
  exits 0 "${submit[@]}"
  pass 60
  exits 0 status --run-dir "$(run_dir)" --update-json
  stands 1 ended
  grep -q '"status": "expired"' "$(batch_file 1 batch.json)"
}

make_ended_cancelled() { # with a quarter of its results
  add_rows 1 8
  start_sandbox --validating-seconds 0 --in-progress-seconds 100
  exits 0 "${submit[@]}"
  pass 25
  api "/v1/batches/$(batch_id 1)/cancel" -X POST >>"$log"
  pass 10
  exits 0 status --run-dir "$(run_dir)" --update-json
  stands 1 ended
  grep -q '"status": "cancelled"' "$(batch_file 1 batch.json)"
}

has_part() { [ -s "$(batch_file 1 output.jsonl.part)" ]; }

make_ended_part() { # killed while the results came
  submitted_rows 4
  pass 10
  plan '{"endpoint": "GET /v1/files/{id}/content", "action": "stall", "bytes": 200, "seconds": 600}'
  killed_while has_part ingest --run-dir "$(run_dir)"
  stands 1 ended
}

# --- refused as a whole

# refused TIMES CODE MESSAGE: the last refusal is known, and nothing was done about it.
refused() {
  local time
  add_rows 1 4
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "action": "fail_validation", "count": '"$1"',
    "code": "'"$2"'", "message": "'"$3"'"}'
  exits 0 "${submit[@]}"
  for ((time = 1; ; ++time)); do
    pass 10
    exits 0 status --run-dir "$(run_dir)" --update-json
    stands 1 ended
    [ "$time" -lt "$1" ] || break
    exits 0 submit --run-dir "$(run_dir)"
  done
}

no_file='Cannot find file file-x, or organization org-x does not have access to it.'

make_refused_queue() {
  refused 1 token_limit_exceeded 'Enqueued token limit reached.'
}

make_refused_file() {
  refused 1 invalid_request "$no_file"
}

make_refused_file_often() { # so often that the file is to be uploaded again
  refused 4 invalid_request "$no_file"
}

make_refused_for_good() {
  refused 1 model_not_found 'The model does not exist.'
}

make_refused_sent_again() { # and with the provider now
  refused 1 token_limit_exceeded 'Enqueued token limit reached.'
  exits 0 submit --run-dir "$(run_dir)"
  stands 1 submitted
}

make_refused_taken_back() { # to be sent again, which failed
  refused 1 token_limit_exceeded 'Enqueued token limit reached.'
  plan '{"endpoint": "POST /v1/batches", "action": "status", "status": 400}'
  exits 1 submit --run-dir "$(run_dir)"
  stands 1 uploaded
}

# --- the results are here

make_downloaded() { # some requests failed, and some of the rows are written
  add_rows 1 9
  start_sandbox --fail-every 3
  exits 0 "${submit[@]}"
  pass 10
  fail_writes 3
  exits 1 ingest --run-dir "$(run_dir)" --update-chunk-size 1
  heal_writes
  stands 1 downloaded
  is_there 1 errors.jsonl
}

make_downloaded_damaged() { # killed when it was to fetch them a second time
  submitted_rows 4
  pass 10
  plan '{"endpoint": "GET /v1/files/{id}/content", "action": "damage", "mode": "not_json"}' \
    '{"endpoint": "GET /v1/files/{id}/content", "call": 2, "action": "wait", "seconds": 600}'
  killed_while is_waiting ingest --run-dir "$(run_dir)"
  stands 1 downloaded
}

make_downloaded_again() { # an archived batch that --overwrite took up again, and failed
  make_archived
  sql -c "UPDATE knowledge_chunks SET embedding = '[1,0,0,0,0,0,0,0]' WHERE id = '$(id 2)'"
  fail_writes
  exits 1 ingest --run-dir "$(run_dir)" --overwrite
  heal_writes
  stands 1 downloaded
  is_there 1 output.jsonl.zst
}

make_ingested() { # with --keep-plain
  submitted_rows 4
  pass 10
  exits 0 ingest --run-dir "$(run_dir)" --keep-plain
  stands 1 ingested
}

# Edited: "archives" is taken out of batch.json, as in runs that were made before there was packing.
make_ingested_before_packing() {
  make_ingested
  sed -i -z 's/,\n  "archives": \[\]//' "$(batch_file 1 batch.json)"
  ! grep -q archives "$(batch_file 1 batch.json)"
}

is_packing() { stands 1 ingested && is_there 1 output.jsonl && is_there 1 output.jsonl.zst; }
is_packed() { stands 1 ingested && ! is_there 1 input.jsonl; }

make_ingested_packing() { # killed with both forms there
  submitted_rows 4
  pass 10
  killed_at is_packing ingest --run-dir "$(run_dir)"
}

make_ingested_packed() { # killed when a plain file was gone
  submitted_rows 4
  pass 10
  killed_at is_packed ingest --run-dir "$(run_dir)"
  is_there 1 output.jsonl
}

make_archived() {
  submitted_rows 4
  pass 10
  exits 0 ingest --run-dir "$(run_dir)"
  stands 1 archived
}

make_archived_failed() { # with failed and skipped rows
  add_rows 1 6
  add_blank_row 7
  start_sandbox --fail-every 3
  exits 3 "${submit[@]}"
  pass 10
  exits 3 ingest --run-dir "$(run_dir)"
  is_there 1 failed_chunk_ids.tsv
  is_there 1 skipped_chunk_ids.tsv
  is_there 1 errors.jsonl.zst
}

make_archived_left() { # with rows of every state that is not written
  make_submitted_edited
  exits 0 ingest --run-dir "$(run_dir)"
  [ "$(wc -l <"$(batch_file 1 left_chunk_ids.tsv)")" -eq 3 ]
}

make_archived_quarantine() { # a result came under an id that is none of ours
  submitted_rows 4
  pass 10
  plan '{"endpoint": "GET /v1/files/{id}/content", "action": "damage", "mode": "unknown_custom_id"}'
  exits 3 ingest --run-dir "$(run_dir)"
  is_there 1 quarantine.jsonl
}

# --- indexes that a load dropped

add_index() {
  sql -c "CREATE INDEX nearest ON knowledge_chunks USING hnsw (embedding vector_cosine_ops)
    WITH (m = 4, ef_construction = 8)" -c "COMMENT ON INDEX nearest IS 'for the search'"
}

has_no_index() {
  [ -e "$(run_dir)/indexes.json" ] &&
    [ -z "$(sql -c "SELECT 1 FROM pg_class WHERE relname = 'nearest'")" ]
}
lacks_index_alone() { stands 1 ingested && has_no_index; }
has_dropped_nothing() { [ -e "$(run_dir)/indexes.json" ] && ! has_no_index; }

make_index_missing() { # no row is written
  submitted_rows 4
  add_index
  pass 10
  trip 'PERFORM pg_sleep(600)'
  killed_while has_no_index ingest --run-dir "$(run_dir)" --index rebuild
  end_sessions
  heal_writes
  stands 1 downloaded
}

make_index_missing_alone() { # all rows are written
  submitted_rows 4
  add_index
  pass 10
  killed_at lacks_index_alone ingest --run-dir "$(run_dir)" --index rebuild
}

make_index_recorded() { # on record, and not dropped
  submitted_rows 4
  add_index
  pass 10
  killed_at has_dropped_nothing ingest --run-dir "$(run_dir)" --index rebuild
}

# --- several batches, several runs

make_mixed() { # archived, ingested, with the provider, refused, written
  add_rows 1 10
  start_sandbox
  plan '{"endpoint": "POST /v1/batches", "call": 4, "action": "fail_validation",
      "code": "token_limit_exceeded"}' \
    '{"endpoint": "POST /v1/files", "call": 5, "action": "status", "status": 400}'
  exits 1 "${submit[@]}" "${two_at_a_time[@]}"
  pass 10
  exits 0 ingest --batch-file "$(batch_file 1 batch.json)"
  exits 0 ingest --batch-file "$(batch_file 2 batch.json)" --keep-plain
  exits 0 status --batch-file "$(batch_file 4 batch.json)" --update-json
  stands 1 archived
  stands 2 ingested
  stands 3 submitted
  stands 4 ended
  stands 5 written
}

make_two_runs() { # the second has in flight what the first could not do
  make_archived_failed
  exits 3 "${submit[@]}"
}
