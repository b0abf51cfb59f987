"""What is measured in: a database with rows to embed, the sandbox, run folders with results."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

from process import Failed, Measured, output_of

HERE = pathlib.Path(__file__).resolve().parent
FAMILY = "be9c0000-0000-4000-8000-000000000001"


class World:
    def __init__(self, embedctl, psql, server_url, folder):
        self.embedctl = embedctl
        self.psql_program = psql
        self.server_url = server_url
        self.folder = folder
        self.url = server_url.replace("/postgres?", "/bench?")
        self.environment = {"DATABASE_URL": self.url}

    def psql(self, *commands, url=None, file=None, variables=()):
        command = [self.psql_program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        command += [word for variable in variables for word in ("-v", variable)]
        command += [word for text in commands for word in ("-c", text)]
        command += ["-f", file] if file else []
        return output_of(command + [url or self.url]).strip()

    def timed_sql(self, *commands):
        """The time that psql tells, which is the server's and the way over a local socket."""
        out = self.psql("CHECKPOINT", r"\timing on", *commands)
        return Measured(sum(map(float, re.findall(r"Time: ([0-9.]+) ms", out))) / 1000, 0)

    def server_settings(self):
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes",
                 "shared_buffers", "max_wal_size", "maintenance_work_mem")
        return {name: self.psql(f"SHOW {name}", url=self.server_url) for name in names}

    def make_database(self, rows, dims, text_bytes):
        self.psql("DROP DATABASE IF EXISTS bench", "CREATE DATABASE bench", url=self.server_url)
        self.psql(
            file=HERE / "data.sql",
            variables=(f"rows={rows}", f"dims={dims}", f"bytes={text_bytes}", f"family={FAMILY}"),
        )
        self.rows, self.dims = rows, dims

    def drop_database(self):
        self.psql("DROP DATABASE IF EXISTS bench", url=self.server_url)

    def fill(self):
        """The same rows without vectors in new files, so that every measurement begins alike."""
        self.psql(
            "TRUNCATE knowledge_chunks",
            "INSERT INTO knowledge_chunks SELECT id, family_id, content FROM rows_to_embed",
            "VACUUM (ANALYZE) knowledge_chunks",
            "CHECKPOINT",
        )

    def keep_as_staging(self):
        self.psql(
            "DROP TABLE IF EXISTS staging",
            "CREATE TABLE staging AS SELECT id, embedding FROM knowledge_chunks",
            "VACUUM (ANALYZE) staging",
        )

    def check_vectors(self, who):
        same = int(self.psql(
            "SELECT count(*) FROM knowledge_chunks t JOIN staging s USING (id)"
            " WHERE vector_send(t.embedding) = vector_send(s.embedding)"
        ))
        if same != self.rows:
            raise Failed(f"{who} wrote {same} of {self.rows} vectors as the reference does")

    def knows(self, verb, option):
        return option in output_of([self.embedctl, verb, "--help"])

    def keep_plain(self):
        return ["--keep-plain"] if self.knows("ingest", "--keep-plain") else []

    def finished_run(self, *options):
        with Sandbox(self) as sandbox:
            environment = {**self.environment, **sandbox.environment}
            self.fill()
            output = output_of(
                [self.embedctl, "submit", "--json", "--family-id", FAMILY, "--batches-dir",
                 self.folder / "batches", "--dims", str(self.dims), *options],
                environment,
            )
            run = pathlib.Path(json.loads(output)["run_dir"])
            output_of(
                [self.embedctl, "run", "--run-dir", run, "--poll-seconds", "1",
                 *self.keep_plain()],
                environment,
            )
        return run

    def downloaded_run(self, *options):
        """A finished run set back to where all results are downloaded and none is written, which
        is what embedctl itself does for --overwrite."""
        run = self.finished_run(*options)
        for record in run.glob("batches/*/batch.json"):
            rewrite(record, state="downloaded")
        rewrite(run / "run.json", finished=False)
        return run


class Sandbox:
    """Runs only while results are made, and takes its files with it."""

    def __init__(self, world):
        self.data = world.folder / "sandbox"
        ready = world.folder / "sandbox.url"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [world.embedctl, "sandbox", "--port", "0", "--data-dir", self.data,
             "--ready-file", ready],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while not ready.exists() or not ready.read_text():
            if self.process.poll() is not None:
                raise Failed("the sandbox did not start")
            time.sleep(0.05)
        self.environment = {"OPENAI_BASE_URL": ready.read_text().strip(), "OPENAI_API_KEY": "bench"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data)


def rewrite(path, **members):
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


def copy_of(run):
    """Another run folder with the same files. Links do, because embedctl replaces files and never
    changes one."""
    copy = run.parent / f"{run.name}_copy"
    if copy.exists():
        shutil.rmtree(copy)
    output_of(["cp", "-al", run, copy])
    (copy / ".lock").unlink(missing_ok=True)
    return copy


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
