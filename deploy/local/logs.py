"""The processes' logs: files that are rotated, whose warnings and errors are shown on the console."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

KEPT: Final = 3
LARGEST_LOG: Final = 20 * 1024 * 1024
"""Bytes; a larger log is rotated while it is written."""
LARGEST_STEP: Final = 1024 * 1024
"""Bytes read at one look; what was written beyond that is skipped, not kept in memory."""
QUIET_SECONDS: Final = 10.0
"""The same event of the same process is shown once in this time."""
LONGEST_LINE: Final = 220
SHOWN_LEVELS: Final = ("warning", "error", "critical")

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ORDINARY = frozenset({"event", "level", "timestamp", "service", "logger", "exception", "traceparent"})


def rotate(path: Path) -> None:
    """Keep the log of the last runs: `x.log.1` is the one before."""
    if not path.exists() or path.stat().st_size == 0:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def tail(path: Path, lines: int = 12) -> list[str]:
    """The last lines of a log, without colours."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 64 * 1024))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [_ANSI.sub("", line) for line in text.splitlines() if line.strip()][-lines:]


def last_words(path: Path) -> str:
    """What a process said last, in one line: the message of a traceback, or the event of a JSON line."""
    for line in reversed(tail(path)):
        record = _record(line)
        if record is None:
            return line.strip()[:LONGEST_LINE]
        if record.get("level") in SHOWN_LEVELS:
            return describe(record)
    return ""


def describe(record: dict[str, Any]) -> str:
    """One line for a JSON log record: its event, its keys, and the type of its exception."""
    keys = [
        f"{key}={value}"
        for key, value in record.items()
        if key not in _ORDINARY and isinstance(value, str | int | float | bool)
    ]
    exception = record.get("exception")
    if isinstance(exception, str) and exception:
        keys.append(exception.splitlines()[0].strip())
    return " ".join([str(record.get("event", "")), *keys])[:LONGEST_LINE]


def _record(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


class LogWatch:
    """Reads what the processes add to their logs and shows what a person at the console should see."""

    def __init__(
        self, show: Callable[[str, str, str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`show(process, level, text)` is called for each line."""
        self._show = show
        self._now = now
        self._read: dict[Path, int] = {}
        self._shown: dict[tuple[str, str], tuple[float, int]] = {}
        self.paused = False
        """Set while everybody complains about what the console has told already."""

    def follow(self, path: Path) -> None:
        """Begin with what is written from now on."""
        self._read[path] = path.stat().st_size if path.exists() else 0

    def look(self) -> None:
        """Read what is new, and rotate what has grown too large."""
        if self.paused:
            return
        for path in self._read:
            with contextlib.suppress(OSError):
                self._look_at(path)

    def _look_at(self, path: Path) -> None:
        size = path.stat().st_size
        start = self._read[path]
        if size > start:
            self._read[path] = self._show_new(path, start, size)
        elif size < start:
            self._read[path] = 0  # somebody emptied it
        if size > LARGEST_LOG:
            # Its writer appends (O_APPEND): after the copy, the file can be emptied under it.
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            with path.open("r+b") as file:
                file.truncate(0)
            self._read[path] = 0

    def _show_new(self, path: Path, start: int, size: int) -> int:
        begin = max(start, size - LARGEST_STEP)
        with path.open("rb") as file:
            file.seek(begin)
            raw = file.read(size - begin)
        whole = raw.rfind(b"\n") + 1
        if whole == 0:
            return begin if len(raw) < LARGEST_STEP else size
        for record in self._records(raw[:whole]):
            self._consider(path.stem, record)
        return begin + whole

    @staticmethod
    def _records(raw: bytes) -> Iterator[dict[str, Any]]:
        for line in raw.decode(errors="replace").splitlines():
            record = _record(line)
            if record is not None and record.get("level") in SHOWN_LEVELS:
                yield record

    def _consider(self, process: str, record: dict[str, Any]) -> None:
        key = (process, str(record.get("event")))
        now = self._now()
        shown_at, hidden = self._shown.get(key, (-QUIET_SECONDS, 0))
        if now - shown_at < QUIET_SECONDS:
            self._shown[key] = (shown_at, hidden + 1)
            return
        self._shown[key] = (now, 0)
        more = f" (and {hidden} like it)" if hidden else ""
        self._show(process, str(record["level"]), describe(record) + more)
