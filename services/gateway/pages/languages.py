"""The three languages of the desk: catalogs, directions, and whose language a request is answered in.

English is the language of the sources, so it needs no catalog. Catalogs are read from their `.po` files at the
first use: a few hundred entries take some 30 ms, and no compiled file can be out of date.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Protocol, cast

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

CATALOGS: Final = Path(__file__).resolve().parent.parent / "locale"


@dataclass(frozen=True, slots=True)
class Language:
    """A language with what a page states about it. `name` is written in the language itself."""

    code: str
    name: str
    locale: Locale
    direction: str

    @property
    def right_to_left(self) -> bool:
        """Whether text runs from right to left."""
        return self.direction == "rtl"


LANGUAGES: Final[dict[str, Language]] = {
    "fr": Language("fr", "Français", Locale("fr", "FR"), "ltr"),
    "he": Language("he", "עברית", Locale("he", "IL"), "rtl"),
    "en": Language("en", "English", Locale("en", "GB"), "ltr"),
}
DEFAULT: Final = LANGUAGES["en"]


class Texts(Protocol):
    """The texts of a language, as gettext hands them out."""

    def gettext(self, message: str) -> str: ...
    def ngettext(self, singular: str, plural: str, num: int) -> str: ...
    def pgettext(self, context: str, message: str) -> str: ...
    def npgettext(self, context: str, singular: str, plural: str, num: int) -> str: ...


@cache
def translations(code: str) -> Texts:
    """Give the texts of a language; a language without a catalog speaks the sources' English."""
    path = CATALOGS / code / "LC_MESSAGES" / "messages.po"
    if code == DEFAULT.code or not path.is_file():
        return cast("Texts", NullTranslations())
    with path.open("rb") as file:
        catalog = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return cast("Texts", Translations(fp=compiled))


def language_of(code: str | None) -> Language | None:
    """Give the language of a code such as `fr` or `he-IL`, or None when we do not speak it."""
    if not code:
        return None
    primary = code.replace("_", "-").split("-", 1)[0].strip().lower()
    return LANGUAGES.get({"iw": "he"}.get(primary, primary))


def accepted_language(header: str | None) -> Language | None:
    """Pick the best language of an Accept-Language header; a malformed weight counts as none."""
    wishes: list[tuple[float, int, Language]] = []
    for place, part in enumerate((header or "").split(",")[:20]):
        code, _, parameters = part.partition(";")
        language = language_of(code)
        weight = _weight(parameters)
        if language is not None and weight > 0:
            wishes.append((-weight, place, language))
    return min(wishes, key=lambda wish: wish[:2])[2] if wishes else None


def choose_language(profile: str | None, cookies: Mapping[str, str], header: str | None) -> Language:
    """Decide in this order: the user's profile, the cookie of this browser, what the browser asks for."""
    return (
        language_of(profile)
        or language_of(cookies.get(LANGUAGE_COOKIE))
        or accepted_language(header)
        or DEFAULT
    )


LANGUAGE_COOKIE: Final = "dossier_language"


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
