"""Folding: what is searched and what is typed, brought to one form.

Case, accents, vowel points, final Hebrew letters and punctuation do not count. Plates, phones, claim and policy numbers are
also kept without their separators, since people type them with and without.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Final

_FINAL_HEBREW: Final = {"ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ"}
_LIGATURES: Final = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d"}
_LETTERS: Final = str.maketrans({**_FINAL_HEBREW, **_LIGATURES})

_TOKEN_BASE: Final = 0xE000
_TOKEN_SIZE: Final = 0x1000
_TOKEN_LENGTH: Final = 3

_NATIONAL_PREFIXES: Final = ("33", "972")
"""Country codes whose national form is the rest behind a 0: people search "06 12..." for what is stored as "+336 12..."."""

_LONGEST_FOLDED: Final = 20_000


def fold(text: str) -> str:
    """Give the words of a text in lower case without accents or punctuation, one space between.

    A word with separators inside stands there taken apart and joined: `Jean-Pierre` is `jean pierre jeanpierre`,
    `12-345-67` is `12 345 67 1234567`.
    """
    words: list[str] = []
    for raw in _plain(text).split():
        pieces = _pieces(raw)
        words.extend(pieces)
        if len(pieces) > 1:
            words.append("".join(pieces))
    return " ".join(words)[:_LONGEST_FOLDED]


def compact(text: str) -> str:
    """Give only the folded letters and digits: what a plate, phone or number is without its separators."""
    return "".join(_pieces(_plain(text)))


def phone_forms(*typed: str) -> list[str]:
    """Give the digits of a phone number as people may type them: international and, where known, national."""
    found: list[str] = []
    for one in typed:
        digits = "".join(_pieces(_plain(one)))
        if not digits:
            continue
        found.append(digits)
        international = digits.removeprefix("00")
        if one.lstrip().startswith("+") or international != digits:
            found.extend(
                "0" + international[len(prefix) :].removeprefix("0")
                for prefix in _NATIONAL_PREFIXES
                if international.startswith(prefix)
            )
    return list(dict.fromkeys(found))


def search_text(words: Iterable[str], *, numbers: Iterable[str] = (), phones: Iterable[str] = ()) -> str:
    """Build the folded column of a row. It begins with a space, so that ` ab` finds words that begin with `ab`."""
    parts: dict[str, None] = {}
    for number in numbers:
        parts.update(dict.fromkeys([*fold(number).split(), compact(number)]))
    for phone in phones:
        parts.update(dict.fromkeys(phone_forms(phone)))
    for text in words:
        parts.update(dict.fromkeys(fold(text).split()))
    parts.pop("", None)
    return (" " + " ".join(parts))[:_LONGEST_FOLDED]


def query_terms(typed: str) -> list[list[str]]:
    """Read what was typed: alternatives, each a list of terms that must all occur.

    Each word stands for itself without separators; several words may also be one number typed with spaces.
    """
    words = [word for word in (compact(raw) for raw in _plain(typed).split()) if word]
    if not words:
        return []
    joined = "".join(words)
    if len(words) == 1:
        return [[joined]]
    words = list(dict.fromkeys(words))
    if any(character.isdigit() for character in joined):
        return [words, [joined]]
    return [words]


def agency_token(agency_id: str) -> str:
    """Give the three characters that stand for an agency in the trigram index: exactly one trigram, so one look-up.

    They are of Unicode's private use area, which no text contains. Two agencies that share a token (one pair in
    6.9e10) cost time, not secrecy: rows are filtered by `agency_id` as well.
    """
    number = int.from_bytes(hashlib.blake2b(agency_id.encode(), digest_size=8).digest())
    characters = []
    for _ in range(_TOKEN_LENGTH):
        number, index = divmod(number, _TOKEN_SIZE)
        characters.append(chr(_TOKEN_BASE + index))
    return "".join(characters)


def _plain(text: str) -> str:
    """Decompose and drop marks; casefold twice, since decomposing may yield what folds again."""
    if text.isascii():  # nothing to decompose and no marks: most of what is folded, in a tenth of the time
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(
        one for one in folded if not unicodedata.combining(one) and unicodedata.category(one) != "Cf"
    )
    return unicodedata.normalize("NFKD", bare.casefold()).translate(_LETTERS)


def _pieces(word: str) -> list[str]:
    if word.isalnum():
        return [word]
    return "".join(one if one.isalnum() else " " for one in word).split()
