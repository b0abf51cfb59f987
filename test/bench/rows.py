"""The rows of the table: what is measured in each, and what it is to reach."""

import hashlib
import json
import pathlib
import shutil

from process import Failed, Measured, measure, time_of
from world import FAMILY, copy_of, say

REFERENCE = ["/usr/bin/python3", str(pathlib.Path(__file__).with_name("reference.py"))]
TEXT_BYTES = 1_000


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class Row:
    """Seconds of several rounds for each side, and what becomes of them."""

    def __init__(self, name, work, targets, note=""):
        self.name, self.work, self.targets, self.note = name, work, targets, note
        self.runs = {"reference": [], "floor": [], "embedctl": []}
        self.peak_mib = None
        self.ratios = {}
        self.skipped = None

    def add(self, side, measured):
        self.runs[side].append(round(measured.seconds, 5))
        if side == "embedctl":
            self.peak_mib = max(self.peak_mib or 0, measured.peak_mib)
        say(f"{self.name}, {side}: {measured.seconds:.3f} s")

    def seconds(self, side):
        return median(self.runs[side]) if self.runs[side] else None

    def compare(self):
        ours = self.seconds("embedctl")
        if self.runs["reference"]:
            self.ratios["reference"] = self.seconds("reference") / ours
        if self.runs["floor"]:
            self.ratios["floor"] = ours / self.seconds("floor")
        return self

    def compare_growth(self, small, factor):
        """Against the same work on fewer rows: what one row costs more."""
        cost = {side: self.seconds(side) / small.seconds(side) / factor
                for side in self.runs if self.runs[side]}
        self.ratios["growth"] = cost["embedctl"]
        self.note = "; ".join(
            [f"cost per row × {cost['embedctl']:.2f}"]
            + ([f"of the floor × {cost['floor']:.2f}"] if "floor" in cost else [])
            + [f"memory {small.peak_mib:.0f} → {self.peak_mib:.0f} MiB"])

    def misses(self):
        """Which targets are missed. "reference" is how much faster, "floor" and "growth" how much
        slower, "memory" is in MiB."""
        reached = {"memory": self.peak_mib, "seconds": self.seconds("embedctl"), **self.ratios}
        return [
            name for name, target in self.targets.items()
            if (reached[name] < target if name == "reference" else reached[name] > target)
        ]

    def as_json(self):
        return {
            "name": self.name, "work": self.work, "skipped": self.skipped, "note": self.note,
            "seconds": {side: self.seconds(side) for side in self.runs}, "runs": self.runs,
            "ratios": self.ratios, "peak_mib": self.peak_mib, "targets": self.targets,
            "missed": None if self.skipped else self.misses(),
        }


def ingest(world, run, *options):
    copy = copy_of(run)
    try:
        return measure([world.embedctl, "ingest", "--run-dir", copy, *options], world.environment)
    finally:
        shutil.rmtree(copy)


UPDATE_FROM_STAGING = ("UPDATE knowledge_chunks t SET embedding = s.embedding"
                       " FROM staging s WHERE t.id = s.id")


def ingest_row(world, size, encoding, targets):
    rows = size["ingest_rows"]
    row = Row(f"ingest-{encoding}", f"ingest, {rows:,} × 1536, {encoding}", targets)
    world.make_database(rows, 1536, TEXT_BYTES)
    run = world.downloaded_run("--encoding", encoding)
    plain = world.keep_plain()
    packing = Row(f"ingest-{encoding}-packed", f"{row.work}, then packed", {})
    for _ in range(size["rounds"]):
        world.fill()
        row.add("reference", measure(
            [*REFERENCE, "ingest", *run.glob("batches/*/output.jsonl")], world.environment))
        world.keep_as_staging()
        world.fill()
        row.add("floor", world.timed_sql(UPDATE_FROM_STAGING))
        world.check_vectors("the floor")
        world.fill()
        row.add("embedctl", ingest(world, run, *plain))
        world.check_vectors("embedctl")
        if plain:
            world.fill()
            packing.add("embedctl", ingest(world, run))
            world.check_vectors("embedctl")
    shutil.rmtree(run)
    return [row.compare()] + ([packing.compare()] if plain else [])


def ingest_float(world, size):
    return ingest_row(world, size, "float", {"reference": 12, "floor": 1.3, "memory": 64})


def ingest_base64(world, size):
    return ingest_row(world, size, "base64", {"reference": 15, "floor": 1.1, "memory": 64})


def digest_of(files):
    """Of the requests in any order: a large table may be read from its middle."""
    total, lines = 0, 0
    for path in files:
        with open(path, "rb") as file:
            for line in file:
                request = json.loads(line)
                text = json.dumps([request["custom_id"], request["url"], request["body"]["input"]])
                total += int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
                lines += 1
    return lines, total % 2**64


def submit(world, size):
    rows = size["submit_rows"]
    row = Row("submit", f"submit --dry-run, {rows:,} × 1 KB",
              {"reference": 10, "floor": 1.5, "memory": 64})
    world.make_database(rows, 1536, TEXT_BYTES)
    world.fill()
    disk = Row("submit-disk", "those request files, copied by cat and synced by dd", {})
    by_reference, by_embedctl = world.folder / "reference", world.folder / "batches"
    file = world.folder / "copied.tsv"
    again = (f"cat {by_embedctl}/*/*/batches/*/input.jsonl"
             f" | dd of={file} bs=1M iflag=fullblock conv=fsync status=none")
    copy = (f"\\copy (SELECT id, content FROM knowledge_chunks"
            f" WHERE family_id = '{FAMILY}' AND embedding IS NULL) TO '{file}'")
    for n in range(size["rounds"]):
        world.psql("CHECKPOINT")
        row.add("reference", measure(
            [*REFERENCE, "submit", FAMILY, by_reference], world.environment))
        row.add("floor", measure([world.psql_program, "-X", "-q", "-c", copy, world.url]))
        row.add("embedctl", measure(
            [world.embedctl, "submit", "--dry-run", "--family-id", FAMILY,
             "--batches-dir", by_embedctl], world.environment))
        file.unlink()
        disk.add("floor", measure(["sh", "-c", again]))
        if n == 0:
            expected = digest_of(by_reference.glob("*.jsonl"))
            found = digest_of(by_embedctl.glob("*/*/batches/*/input.jsonl"))
            if expected != found or found[0] != rows:
                raise Failed(f"embedctl wrote other requests than the reference: {found[0]} of"
                             f" {expected[0]}")
        shutil.rmtree(by_reference)
        shutil.rmtree(by_embedctl)
        file.unlink()
    return [row.compare(), disk]


def hnsw(world, size):
    rows = size["hnsw_rows"]
    row = Row("hnsw", f"ingest with HNSW, {rows:,} × 1536, --index rebuild",
              {"reference": 6, "memory": 64},
              "the reference is --index keep, the floor Postgres' own UPDATE and CREATE INDEX")
    if not world.knows("ingest", "--index"):
        row.skipped = "embedctl ingest has no --index"
        return [row]
    world.make_database(rows, 1536, TEXT_BYTES)
    run = world.downloaded_run()
    world.keep_as_staging()
    plain = world.keep_plain()
    index = "chunks_by_embedding"
    create = f"CREATE INDEX {index} ON knowledge_chunks USING hnsw (embedding vector_cosine_ops)"
    for _ in range(size["rounds"]):
        world.psql(f"DROP INDEX IF EXISTS {index}")
        world.fill()
        row.add("floor", world.timed_sql(
            "SET maintenance_work_mem = '512MB'", UPDATE_FROM_STAGING, create))
        for side, how in (("reference", "keep"), ("embedctl", "rebuild")):
            world.psql(f"DROP INDEX IF EXISTS {index}")
            world.fill()
            world.psql(create)
            row.add(side, ingest(world, run, "--index", how, *plain))
            world.check_vectors(f"--index {how}")
            valid = world.psql(
                f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{index}')")
            if valid != "t":
                raise Failed(f"after --index {how} there is no valid index")
    shutil.rmtree(run)
    return [row.compare()]


def growth(world, size):
    """A small table and a large one. Narrow vectors and short texts, so that what is done once for
    each row stands out."""
    dims, text_bytes = 8, 100
    measured = []
    for rows in size["growth_rows"]:
        shape = f"{rows:,} rows of {dims} numbers and {text_bytes} bytes"
        dry_run = Row(f"growth-submit-{rows}", f"submit --dry-run, {shape}", {})
        ingested = Row(f"growth-ingest-{rows}", f"ingest, {shape}", {})
        world.make_database(rows, dims, text_bytes)
        run = world.downloaded_run()
        world.keep_as_staging()
        # A short measurement is repeated until it is worth as much as a long one.
        for _ in range(size["rounds"] * (1 if measured else 3)):
            world.fill()
            dry_run.add("embedctl", measure(
                [world.embedctl, "submit", "--dry-run", "--family-id", FAMILY, "--dims", str(dims),
                 "--batches-dir", world.folder / "dry"], world.environment))
            shutil.rmtree(world.folder / "dry")
            ingested.add("floor", world.timed_sql(UPDATE_FROM_STAGING))
            world.fill()
            ingested.add("embedctl", ingest(world, run))
            world.check_vectors("embedctl")
        shutil.rmtree(run)
        measured.append((dry_run.compare(), ingested.compare()))
    factor = size["growth_rows"][1] / size["growth_rows"][0]
    for small, large in zip(*measured):
        large.targets = {"growth": 1.15, "memory": 64}
        large.compare_growth(small, factor)
    return [row for rows in zip(*measured) for row in rows]


def short_lived(row, size, command, environment=None):
    """Milliseconds: measured often, and without what tells the memory."""
    peak_mib = measure(command, environment).peak_mib
    for _ in range(size["process_rounds"]):
        row.add("floor", Measured(time_of(["/bin/true"]), 0))
        row.add("embedctl", Measured(time_of(command, environment), peak_mib))
    return [row.compare()]


def help_text(world, size):
    row = Row("help", "embedctl --help", {"seconds": 0.010}, "the floor is /bin/true")
    return short_lived(row, size, [world.embedctl, "--help"])


def status(world, size):
    batches = size["status_batches"]
    row = Row("status", f"status, a finished run of {batches} batches", {"seconds": 0.050},
              "asks nobody; the floor is /bin/true")
    world.make_database(batches, 8, 100)
    run = world.finished_run("--max-requests-per-batch", "1")
    short_lived(row, size, [world.embedctl, "status", "--run-dir", run, "--exit-code"],
                world.environment)
    shutil.rmtree(run)
    return [row]


ALL = {
    "ingest-float": ingest_float, "ingest-base64": ingest_base64, "submit": submit, "hnsw": hnsw,
    "growth": growth, "help": help_text, "status": status,
}
