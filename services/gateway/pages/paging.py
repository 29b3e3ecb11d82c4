"""Which pages a long list links to."""

from __future__ import annotations


def page_numbers(page: int, pages: int) -> list[int | None]:
    """The pages that a list links to: both ends, and those around this one; None where some are left out."""
    wanted = sorted({1, pages, *(one for one in range(page - 1, page + 2) if 1 <= one <= pages)})
    found: list[int | None] = []
    for one in wanted:
        before = found[-1] if found else None
        if before is not None and one - before == 2:  # noqa: PLR2004 - a gap of one page is that page
            found.append(one - 1)
        elif before is not None and one - before > 1:
            found.append(None)
        found.append(one)
    return found
