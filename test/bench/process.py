"""Runs programs and tells how long they took and how much memory they had."""

import os
import subprocess
import tempfile
import time
from typing import NamedTuple


class Failed(Exception):
    pass


class Measured(NamedTuple):
    seconds: float
    peak_mib: float


def time_of(command, environment=None):
    start = time.perf_counter()
    output_of(command, environment)
    return time.perf_counter() - start


def measure(command, environment=None):
    """GNU time tells the peak, because a process never tells less than that of who started it. It
    costs a millisecond."""
    os.sync()  # what earlier programs wrote is not this one's to wait for
    with tempfile.NamedTemporaryFile("r") as peak_kib:
        seconds = time_of(
            ["/usr/bin/time", "-q", "-f", "%M", "-o", peak_kib.name, *command], environment)
        return Measured(seconds, int(peak_kib.read()) / 1024)


def output_of(command, environment=None):
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{text}")
    return done.stdout.decode()
