"""Measures embedctl; called by scripts/bench, which prepares all that this needs."""

import argparse
import json
import os
import pathlib
import platform
import shutil
import sys

import report
import rows
from process import Failed
from world import World, say

FULL = {"rounds": 3, "ingest_rows": 50_000, "submit_rows": 1_000_000, "hnsw_rows": 20_000,
        "growth_rows": (10_000, 1_000_000), "process_rounds": 50, "status_batches": 200}
QUICK = {"rounds": 3, "ingest_rows": 1_000, "submit_rows": 20_000, "hnsw_rows": 500,
         "growth_rows": (1_000, 20_000), "process_rounds": 10, "status_batches": 20}


def machine():
    model = [line.split(":")[1].strip() for line in open("/proc/cpuinfo")
             if line.startswith("model name")]
    return f"{os.cpu_count()} × {model[0] if model else platform.machine()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    for name in ("--embedctl", "--psql", "--server", "--folder"):
        parser.add_argument(name, required=True)
    parser.add_argument("names", nargs="*", choices=[[], *rows.ALL])
    options = parser.parse_args()
    size = QUICK if options.quick else FULL
    folder = pathlib.Path(options.folder)
    world = World(options.embedctl, options.psql, options.server, folder / "data")

    results = []
    failed = False
    for name in options.names or rows.ALL:
        shutil.rmtree(world.folder, ignore_errors=True)
        world.folder.mkdir(parents=True)
        try:
            results += rows.ALL[name](world, size)
        except Failed as failure:
            say(f"error: {name}: {failure}")
            failed = True
    world.drop_database()

    settings = world.server_settings()
    document = {"machine": machine(), "quick": options.quick, "server": settings,
                "rows": [row.as_json() for row in results]}
    (folder / "results.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print(report.table(results))
    print(f"Medians of at least {size['rounds']} runs, side by side, on {machine()}; Postgres"
          f" {settings.pop('server_version').split()[0]} as it comes, for all of them: "
          + ", ".join(f"{name} {value}" for name, value in settings.items()) + ".")
    sys.exit(failed)


if __name__ == "__main__":
    main()
