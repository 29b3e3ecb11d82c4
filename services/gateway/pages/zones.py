"""Time zones to choose from, by continent and city in the reader's language (CLDR), with today's distance to UTC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global

from services.gateway.pages.languages import LANGUAGES

_REGIONS: Final = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
"""Areas of the IANA names that stand for places; the others (`Etc`, `US`) are kept there for old programs."""


@cache
def _places(language: str) -> tuple[tuple[str, str], ...]:
    locale = LANGUAGES[language].locale
    countries: Mapping[str, str] = get_global("zone_territories")
    found: dict[str, str] = {}
    for zone in sorted(available_timezones()):
        area, _, rest = zone.partition("/")
        country = countries.get(zone)
        if area not in _REGIONS or country is None:
            continue
        city = locale.time_zones.get(zone, {}).get("city") or rest.rpartition("/")[2].replace("_", " ")
        found.setdefault(f"{locale.territories.get(country, country)} – {city}", zone)
    return tuple((zone, label) for label, zone in sorted(found.items()))


def zone_choices(language: str, now: datetime, chosen: str = "") -> list[tuple[str, str]]:
    """Give every zone with its label; the chosen one is always among them."""
    places = _places(language)
    listed = list(places)
    if chosen in available_timezones() and chosen not in {zone for zone, _ in places}:
        listed.insert(0, (chosen, chosen))
    return [(zone, f"{label} · {_distance(zone, now)}") for zone, label in listed]


def _distance(zone: str, now: datetime) -> str:
    offset = now.astimezone(ZoneInfo(zone)).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    sign = "-" if minutes < 0 else "+"
    return f"\u2066UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}\u2069"
