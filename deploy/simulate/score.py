"""What was sent and what became of it, as lines for the terminal."""

from __future__ import annotations

from collections import Counter, deque
from statistics import median, quantiles
from typing import Final

from shared.contracts.partners import Receipt

_REMEMBERED: Final = 10_000


class Score:
    """Counts since the start; the answer times are of the last messages."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.sent: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.repeated = 0
        self.reported = 0
        self.closed = 0
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)
        self._told = 0

    def answered(self, receipt: Receipt, seconds: float, *, repeated: bool) -> None:
        """Count a receipt; `seconds` are from sending to reading it.

        The repetition of a message whose receipt was lost is answered `duplicate`: it had been accepted.
        """
        outcome = "accepted" if repeated and receipt.outcome == "duplicate" else receipt.outcome
        self.outcomes[outcome] += 1
        if receipt.reason is not None:
            self.reasons[receipt.reason.code] += 1
        if not repeated:
            self._seconds.append(seconds)
            self._latest.append(seconds)

    def line(self, waiting: int) -> str:
        """Tell of the last second and of everything so far."""
        total = self.sent.total()
        new, self._told = total - self._told, total
        latest = f"  answered in {median(self._latest) * 1000:.0f} ms" if self._latest else ""
        self._latest.clear()
        return f"sent {new:>4} (all {total:>6})  {self._results()}  waiting {waiting:>3}{latest}"

    def summary(self, waiting: int) -> list[str]:
        """Tell how it went, at the end."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.sent.items())) or "nothing"
        lines = [f"sent {self.sent.total()} ({kinds})", self._results()]
        if waiting:
            lines.append(f"without a receipt: {waiting} (a partner would send them again)")
        if self.repeated:
            lines.append(f"sent again for want of a receipt: {self.repeated}")
        if len(self._seconds) > 1:
            spread = quantiles(self._seconds, n=20)
            lines.append(
                f"from sending to the receipt: median {spread[9] * 1000:.0f} ms, 95 % {spread[18] * 1000:.0f} ms"
            )
        if self.closed or self.reported:
            lines.append(f"claims closed: {self.closed}; new claims reported at the desk: {self.reported}")
        return lines

    def _results(self) -> str:
        parts = [f"{name} {self.outcomes[name]}" for name in ("accepted", "stale", "rejected")]
        if self.outcomes["duplicate"]:
            parts.append(f"duplicate {self.outcomes['duplicate']}")
        if self.reasons:
            told = ", ".join(f"{code} {count}" for code, count in self.reasons.most_common())
            parts.append(f"({told})")
        return "  ".join(parts)
