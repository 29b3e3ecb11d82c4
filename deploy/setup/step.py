"""Steps that are done once: stamps keyed on their inputs, children with visible progress, plain failures."""

import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "setup"
VENV = ROOT / ".venv"

HEARTBEAT_SECONDS = 5.0
"""A log without a terminal gets a sign of life this often; a terminal gets ten a second."""

NO_NETWORK = re.compile(
    r"getaddrinfo|name resolution|name or service not known|dns error|enotfound|eai_again|econnrefused|econnreset"
    r"|etimedout|enetunreach|network is unreachable|connection refused|connection reset|timed out|newconnectionerror"
    r"|error sending request|tunnel connection|could not connect|no matching distribution found for .*from versions: none"
    r"|certificate",
    re.IGNORECASE,
)


class SetupFailed(Exception):  # noqa: N818 - it is what the user reads: one sentence
    """Set-up cannot go on. The message is one sentence that says what to do."""


class IndexUnreachable(SetupFailed):
    """The package index does not answer; another program will not reach it either."""


def digest(parts: Iterable[Path | str]) -> str:
    """Key of a step: the content of the files and the words it depends on."""
    total = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


def is_done(stamp: Path, key: str) -> bool:
    """Whether the step that writes `stamp` was finished with the same inputs."""
    try:
        return stamp.read_text() == key
    except OSError:
        return False


def mark_done(stamp: Path, key: str) -> None:
    """Remember the step, atomically: a stamp is whole or not there."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    draft = stamp.with_name(stamp.name + ".draft")
    draft.write_text(key)
    draft.replace(stamp)


def run(title: str, command: list[str], env: Mapping[str, str] | None = None) -> None:
    """Run a long command quietly: its output goes to a log, its progress to the terminal.

    Raises SetupFailed with one sentence: no network, or the last thing the command complained about.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    log = CACHE / (re.sub(r"\W+", "-", title.lower()).strip("-") + ".log")
    started = time.monotonic()
    with log.open("w+b") as output:
        try:
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise SetupFailed(f"{title}: {command[0]} cannot be started ({error.strerror}).") from error
        try:
            _watch(title, child, started)
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if child.returncode:
        raise _failure(title, log)


def _watch(title: str, child: "subprocess.Popen[bytes]", started: float) -> None:
    terminal = sys.stderr.isatty()
    if not terminal:
        _say(f"  {title} ...")
    pause = 0.1 if terminal else HEARTBEAT_SECONDS
    while True:
        try:
            child.wait(timeout=pause)
            break
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - started
            _say(
                f"\r  {title} ... {seconds:.0f} s" if terminal else f"  {title} ... {seconds:.0f} s", terminal
            )
    verdict = "failed" if child.returncode else "done"
    _say(f"{chr(13) if terminal else ''}  {title}: {verdict} in {time.monotonic() - started:.1f} s   ")


def _say(text: str, same_line: bool = False) -> None:
    sys.stderr.write(text if same_line else text + "\n")
    sys.stderr.flush()


def _failure(title: str, log: Path) -> SetupFailed:
    text = log.read_text(errors="replace")
    where = log.relative_to(ROOT)
    if re.search(r"no space left|enospc", text, re.IGNORECASE):
        return SetupFailed(f"{title} failed: the disk is full (all of it: {where}).")
    if re.search(r"permission denied|eacces", text, re.IGNORECASE):
        return SetupFailed(f"{title} failed: a folder may not be written (all of it: {where}).")
    if NO_NETWORK.search(text):
        return IndexUnreachable(
            f"{title} failed: the package index cannot be reached; check the network or the proxy and run "
            f"make again (all of it: {where})."
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    complaint = next((line for line in lines if re.match(r"(?i)(npm )?error\b|.*\bfatal\b", line)), "")
    complaint = complaint or (lines[-1] if lines else "it said nothing")
    return SetupFailed(f"{title} failed: {complaint[:300]} (all of it: {where}).")
