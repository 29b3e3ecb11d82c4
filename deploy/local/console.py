"""What the person at the terminal reads: short lines, one per step, one per event."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO


class Console:
    """Writes lines; a terminal that went away is no reason to fail."""

    def __init__(self, stream: TextIO | None = None, wall_clock: Callable[[], str] | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._clock = wall_clock or (lambda: time.strftime("%H:%M:%S"))

    def line(self, text: str = "") -> None:
        """Write a line as it is."""
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass

    def step(self, title: str, outcome: str, seconds: float) -> None:
        """Tell that a step is done."""
        self.line(f"  {title:<12} {outcome:<52} {seconds:5.1f} s")

    def event(self, process: str, text: str, level: str = "") -> None:
        """Tell what has just happened."""
        self.line(" ".join(part for part in (self._clock(), f"{process:<13}", level, text) if part))
