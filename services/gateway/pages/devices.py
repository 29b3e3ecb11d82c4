"""Which browser on which system a session runs in, told from what browsers call themselves: good enough to recognise one's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"(?:Headless)?Chrome/|CriOS/"),
    ("Safari", r"Safari/"),
)
"""The first match counts: every browser also calls itself by the names of those below it."""
_SYSTEMS: Final = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)
_HANDHELD: Final = frozenset({"iPhone", "iPad", "Android"})


@dataclass(frozen=True, slots=True)
class Device:
    """A browser and its system by their own names; empty where they are not known."""

    browser: str
    system: str

    @property
    def handheld(self) -> bool:
        """Whether it is a phone or a tablet."""
        return self.system in _HANDHELD

    @property
    def name(self) -> str:
        """Both names in one line; empty when neither is known."""
        return " · ".join(filter(None, (self.browser, self.system)))


def device_of(user_agent: str) -> Device:
    """Read a `User-Agent` header."""
    return Device(_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")
