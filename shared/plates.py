"""Registration plates: one rule for what a partner sends, a broker types and a list searches.

France: SIV `AA-123-AA` since 2009, letters without I, O and U, not SS or WW in front; `WW-123-AA` is a provisional
plate. Israel: `12-345-67`, since 2017 `123-45-678`, older vehicles five or six digits. Anything else (foreign or
old plates) is kept as it was typed: a plate that we do not know is no error.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

_LETTERS: Final = "A-HJ-NP-TV-Z"
_FRENCH: Final = re.compile(rf"^(?!SS|WW)([{_LETTERS}]{{2}})(\d{{3}})([{_LETTERS}]{{2}})$", re.ASCII)
_FRENCH_PROVISIONAL: Final = re.compile(rf"^(WW)(\d{{3}})([{_LETTERS}]{{2}})$", re.ASCII)
_ISRAELI: Final = re.compile(
    r"^(?:(\d{3})(\d{2})(\d{3})|(\d{2})(\d{3})(\d{2})|(\d{3})(\d{3})|(\d{2})(\d{3}))$", re.ASCII
)


class PlateKind(StrEnum):
    """Whose rule a plate follows."""

    FRENCH = "french"
    FRENCH_PROVISIONAL = "french_provisional"
    ISRAELI = "israeli"
    OTHER = "other"


_RULES: Final = (
    (PlateKind.FRENCH, _FRENCH),
    (PlateKind.FRENCH_PROVISIONAL, _FRENCH_PROVISIONAL),
    (PlateKind.ISRAELI, _ISRAELI),
)


def normalise(typed: str) -> str:
    """Reduce to capital letters and digits, which is what plates are compared and searched by.

    Separators, spaces, direction marks and full-width forms come from keyboards and copied texts, and mean nothing.
    """
    characters: list[str] = []
    for character in unicodedata.normalize("NFKC", typed).upper():
        if character.isdecimal():
            characters.append(str(unicodedata.decimal(character)))
        elif character.isalpha():
            characters.append(character)
    return "".join(characters)


def kind(typed: str) -> PlateKind:
    """Tell whose rule the plate follows; `OTHER` when none is known."""
    return _match(normalise(typed))[0]


def format(typed: str) -> str:
    """Write the plate as its country does; an unknown one stays as it was typed, without outer spaces."""
    groups = _match(normalise(typed))[1]
    return "-".join(groups) if groups else typed.strip()


def same(one: str, other: str) -> bool:
    """Say whether two ways of typing mean the same plate."""
    return normalise(one) == normalise(other)


def _match(normalised: str) -> tuple[PlateKind, tuple[str, ...]]:
    for plate_kind, rule in _RULES:
        found = rule.match(normalised)
        if found:
            return plate_kind, tuple(group for group in found.groups() if group)
    return PlateKind.OTHER, ()
