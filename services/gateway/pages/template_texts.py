"""The texts of templates in the reader's language, each found and made markup once per language.

What Jinja has for this (`newstyle` gettext) finds, wraps and formats a text anew at each of the two hundred places of a page.
The rules are the same: a text is markup, `%(name)s` stands for a value that is escaped, and a lone per cent sign is written twice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from markupsafe import Markup

from services.gateway.pages.languages import translations
from services.gateway.pages.speaking import current_reader


def gettext(message: str, **values: Any) -> Markup:
    """Translate."""
    return _filled(_text(current_reader().language.code, message), values)


def pgettext(context: str, message: str, **values: Any) -> Markup:
    """Translate a word that means something else elsewhere."""
    return _filled(_text(current_reader().language.code, message, context), values)


def ngettext(singular: str, plural: str, num: int, **values: Any) -> Markup:
    """Translate by a number, which the text may name `num`."""
    text = translations(current_reader().language.code).ngettext(singular, plural, num)
    return _markup(text) % {"num": num, **values}


def npgettext(context: str, singular: str, plural: str, num: int, **values: Any) -> Markup:
    """Translate by a number what means something else elsewhere."""
    text = translations(current_reader().language.code).npgettext(context, singular, plural, num)
    return _markup(text) % {"num": num, **values}


def _filled(text: tuple[Markup, Markup | None], values: dict[str, Any]) -> Markup:
    markup, plain = text
    return plain if plain is not None and not values else markup % values


@cache
def _text(language: str, message: str, context: str | None = None) -> tuple[Markup, Markup | None]:
    """Give a text to fill, and as it is read where there is nothing to fill in; templates have a few hundred."""
    texts = translations(language)
    found = texts.gettext(message) if context is None else texts.pgettext(context, message)
    markup = _markup(found)
    return markup, None if "%(" in found else markup % ()


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - our own catalogs


TEXTS: Final[dict[str, Callable[..., Any]]] = {
    "_": gettext,
    "gettext": gettext,
    "ngettext": ngettext,
    "pgettext": pgettext,
    "npgettext": npgettext,
}
