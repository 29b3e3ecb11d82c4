"""Claim numbers: `CL-<year>-<six digits>`, one series a year, unique in the whole installation."""

from __future__ import annotations


def claim_number(year: int, position: int) -> str:
    """Write a number of the year's series; the millionth simply has seven digits."""
    return f"CL-{year}-{position:06d}"


def as_stored(typed: str) -> str:
    """Read a number as people and partners write it: case and outer spaces mean nothing.

    Characters that no number has (the null character among them, which PostgreSQL refuses) make it name nothing.
    """
    number = typed.strip().upper()
    return number if number.isascii() and number.isprintable() else ""
