"""Parts of a file, as browsers ask for them (RFC 9110, section 14): one range of bytes, or all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import Invalid

_SINGLE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """In bytes."""
        return self.last - self.first + 1


def requested_part(header: str | None, size: int) -> Part | None:
    """Give the part that is asked for; None means all (no range, several, or one that is not understood).

    Raises `Invalid("range_unsatisfiable")` for a part beyond the end.
    """
    found = _SINGLE.fullmatch(header.strip()) if header else None
    if found is None or (not found[1] and not found[2]):
        return None
    if not found[1]:
        wanted = min(int(found[2]), size)
        part = Part(size - wanted, size - 1)
    else:
        part = Part(int(found[1]), min(int(found[2]), size - 1) if found[2] else size - 1)
        if found[2] and int(found[2]) < int(found[1]):
            return None
    if part.length < 1 or part.first >= size:
        raise Invalid("range_unsatisfiable", "The file is shorter than that.", "range")
    return part
