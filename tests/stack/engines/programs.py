"""What the engines need from the machine, and where what was fetched is kept."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.fixtures.children import dies_with_us

_APT: Final = Path("/usr/bin/apt-get")
_PACKAGES: Final = {
    "java": "default-jre-headless",
    "mvn": "maven",
    "go": "golang-go",
    "pg_ctl": "postgresql",
    "initdb": "postgresql",
    "pg_isready": "postgresql-client",
    "postgres": "postgresql",
    "psql": "postgresql-client",
    "kcat": "kcat",
}
_DEBIAN_POSTGRESQL: Final = Path("/usr/lib/postgresql")
_STOP_SECONDS: Final = 10.0


class Unavailable(Exception):  # noqa: N818 - it is what the developer reads
    """An engine cannot be had here; the message is one sentence that says what to install."""


def cache() -> Path:
    """Folder of fetched engines, shared by all checkouts of this user."""
    root = os.environ.get("DOSSIER_STACK_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(root) / "dossier-stack"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program(name: str) -> str:
    """Path of a program; installs its Debian package when this is root on Debian."""
    found = _find(name)
    if found is None and os.geteuid() == 0 and _APT.exists():
        say(f"installing {_PACKAGES[name]} for {name}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", _PACKAGES[name]],
        ):
            subprocess.run([str(_APT), *arguments], check=False, env=environment, stdout=subprocess.DEVNULL)
        found = _find(name)
    if found is None:
        raise Unavailable(f"{name} is missing: install it (Debian: {_PACKAGES[name]}).")
    return found


def _find(name: str) -> str | None:
    # Debian keeps the server's programs off the path; a wrapper on it may be something else.
    hidden = sorted(_DEBIAN_POSTGRESQL.glob(f"*/bin/{name}"))
    return str(hidden[-1]) if hidden else shutil.which(name)


def fetch(
    what: str, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run a package client; a failure is one sentence with its last line."""
    say(f"fetching {what}")
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{what} could not be fetched: {lines[-1][:300] if lines else 'no reason given'}.")


def say(text: str) -> None:
    """Tell the progress of what may take long."""
    print(f"test-stack: {text}", file=sys.stderr, flush=True)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(
    condition: Callable[[], bool], process: subprocess.Popen[bytes] | None, what: str, seconds: float
) -> None:
    """Wait for an engine to answer; its death or the deadline is one sentence."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process is not None and process.poll() is not None:
            raise Unavailable(f"{what} ended with code {process.returncode} while starting.")
        if time.monotonic() > deadline:
            raise Unavailable(f"{what} did not answer within {seconds:.0f} s.")
        time.sleep(0.1)


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def start(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, *, tied: bool = True
) -> subprocess.Popen[bytes]:
    """Start an engine in a session of its own, so that it can be ended with all its children.

    The kernel ends it with the thread that called; with `tied=False` it looks after that itself.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            preexec_fn=dies_with_us() if tied else None,  # noqa: PLW1509 - one system call, no lock
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it, kindly first; returns when it is gone."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
