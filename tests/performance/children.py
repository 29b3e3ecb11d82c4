"""Programs that a benchmark starts: each in a session of its own, ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.fixtures.waiting import eventually
from tests.stack.engines import programs


@contextmanager
def module(
    name: str, *arguments: str, log: Path, environment: Mapping[str, str], port: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of this repository until the block ends; with a port, wait until somebody listens there."""
    process = programs.start([sys.executable, "-m", name, *arguments], log, environment)
    try:
        if port is not None:
            eventually(lambda: programs.listens(port) or process.poll() is not None, 60, f"{name} on {port}")
        if process.poll() is not None:
            raise AssertionError(f"{name} ended while it started: {log.read_text()[-2000:]}")
        yield process
    finally:
        programs.stop(process)


@contextmanager
def asleep(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hold a program still inside the block: what is prepared for it does not cost its time."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
