"""Postal addresses as people of their country write them, in parts between which a line may break.

An Israeli letter names the town before its code, a French one the code before the town. The country is said only where it
is not the reader's own.
"""

from __future__ import annotations

import re
from typing import Final

from services.gateway.pages.figures import Reader
from shared.contracts.policy import PostalAddress

TOWN_FIRST: Final = frozenset({"IL"})
"""Countries whose addresses name the town before its code."""

_WRITTEN: Final = re.compile(r"(?P<street>.+), (?P<town>(?![A-Z]{2}$)[^,]+?)(?:, (?P<country>[A-Z]{2}))?")
"""An address as a claim keeps it: one line of text, written when the claim was registered or typed by a partner."""

_TOWN: Final = re.compile(r"(?P<code>\d[\d-]{2,})\s+(?P<city>.+)")


def address_parts(value: PostalAddress | str, reader: Reader) -> tuple[str, ...]:
    """Give street, town and, from abroad, the country; a text that is no such address is one part."""
    known = value if isinstance(value, PostalAddress) else _read(value)
    if known is None:
        return (str(value),)
    town = (known.city, known.postal_code) if known.country in TOWN_FIRST else (known.postal_code, known.city)
    country = "" if known.country in reader.at_home | {""} else _named(known.country, reader)
    parts = [part for part in (known.street, "\u00a0".join(filter(None, town)), country) if part]
    return (*(f"{part}," for part in parts[:-1]), parts[-1])


def town_first(country: str, reader: Reader) -> bool:
    """Whether a form asks for the town before its code: by the address's country, or the agency's where none is known."""
    countries = frozenset({country}) if country else reader.at_home
    return bool(countries) and countries <= TOWN_FIRST


def _read(text: str) -> PostalAddress | None:
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        return None
    town = _TOWN.fullmatch(written["town"])
    return PostalAddress.model_construct(
        street=written["street"],
        postal_code=town["code"] if town else "",
        city=town["city"] if town else written["town"],
        country=written["country"] or "",
    )


def _named(country: str, reader: Reader) -> str:
    return str(reader.language.locale.territories.get(country, country))
