"""Filters and functions of the templates: figures that are right in both writing directions, words, icons, links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from services.gateway.pages.addresses import address_parts
from services.gateway.pages.alert_texts import HAPPENING_ICONS, AnyAlert, alerts_text, happening_name
from services.gateway.pages.changes import AnyChange, arrow_of, change_texts, short_text
from services.gateway.pages.figures import isolated, policy_number_parts
from services.gateway.pages.runs import files_added, first_named
from services.gateway.pages.speaking import current_reader, lasts
from services.gateway.pages.tones import TONES
from services.gateway.pages.words import word, words
from services.gateway.queries import ActivityRow
from shared.contracts.policy import PostalAddress

DASH: Final = Markup('<span class="empty-value">—</span>')


def _made(*pieces: object) -> Markup:
    """Join markup of ours and what is to be escaped, in turn, beginning and ending with ours.

    A list of claims has four hundred such pieces, and Markup's own formatting took a quarter of its time.
    """
    parts = [str(one) if place % 2 == 0 else escape(one) for place, one in enumerate(pieces)]
    return Markup("".join(parts))  # noqa: S704 - every second piece is escaped, the others are literals of this file


def _time(kind: str, value: date, shown: str) -> Markup:
    return _made(
        '<time datetime="', value.isoformat(), f'" class="{kind}"><bdi dir="ltr">', shown, "</bdi></time>"
    )


def code(value: str | None, css_class: str = "") -> Markup:
    """A claim number, phone or other code, which reads left to right inside any language."""
    if not value:
        return DASH
    return _made('<bdi dir="ltr" class="code ', css_class, '">', value, "</bdi>")


def name(value: str | None) -> Markup:
    """A person's or firm's name, isolated so that it does not reorder what stands beside it."""
    return _made("<bdi>", value, "</bdi>") if value else DASH


def address(value: PostalAddress | str | None) -> Markup:
    """A postal address; a line breaks between street and town before it breaks inside one of them."""
    parts = address_parts(value, current_reader()) if value else ()
    if not parts:
        return DASH
    told = Markup(" ").join(Markup("<span>{}</span>").format(part) for part in parts)
    return Markup('<bdi class="address">{}</bdi>').format(told)


def plate(value: str | None) -> Markup:
    """A number plate; the strip shows at a glance which country it is from."""
    if not value:
        return DASH
    country = "il" if value.replace("-", "").replace(" ", "").isdigit() else "fr"
    return _made('<bdi dir="ltr" class="plate plate-', country, '">', value, "</bdi>")


def policy_number(value: str | None) -> Markup:
    """A policy number whose digits after the dash, the ones people work with, stand out."""
    if not value:
        return DASH
    head, tail = policy_number_parts(value)
    return _made('<bdi dir="ltr" class="code policy-number">', head, "<b>", tail, "</b></bdi>")


def phone(value: str | None, e164: str = "") -> Markup:
    """A phone number that calls when it is touched."""
    if not value:
        return DASH
    target = e164 or "".join(c for c in value if c.isdigit() or c == "+")
    return Markup('<a href="tel:{}" class="phone"><bdi dir="ltr">{}</bdi></a>').format(target, value)


def email(value: str | None) -> Markup:
    """An address that opens a mail when it is touched."""
    if not value:
        return DASH
    who, at, where = value.rpartition("@")
    address = Markup('<a href="mailto:{}" class="email"><bdi dir="ltr">{}<wbr>{}</bdi></a>')
    return address.format(value, who + at, where)


def money(value: Any, currency: str = "") -> Markup:
    """An amount of money, from a `Money` or from an amount and its currency."""
    if value is None:
        return DASH
    amount, unit = (
        (value, currency) if isinstance(value, Decimal | str | int) else (value.amount, value.currency)
    )
    return _made('<bdi dir="ltr" class="money">', current_reader().money(Decimal(amount), unit), "</bdi>")


def percent(value: int | None) -> Markup:
    """A percentage as the language writes it."""
    if value is None:
        return DASH
    return _made('<bdi dir="ltr">', current_reader().percent(value), "</bdi>")


def day(value: date | None) -> Markup:
    """Day and month."""
    if value is None:
        return DASH
    return _time("day", value, current_reader().day(value))


def full_date(value: date | None) -> Markup:
    """A calendar day in full figures."""
    if value is None:
        return DASH
    return _time("day", value, current_reader().date(value))


def instant(value: datetime | None) -> Markup:
    """Day and time in the agency's zone."""
    if value is None:
        return DASH
    return _time("instant", value, current_reader().instant(value))


def ago(value: datetime | None) -> Markup:
    """How long ago, with the exact time as a title; the browser keeps it true while the page stays open."""
    if value is None:
        return DASH
    reader = current_reader()
    lasts(*reader.told_alike(value))
    marked = '" class="ago" data-ago>' if reader.is_recent(value) else '" class="ago">'
    return _made(
        '<time datetime="',
        value.isoformat(),
        '" title="',
        reader.instant(value),
        marked,
        reader.relative(value),
        "</time>",
    )


def days_until(value: date) -> str:
    """How far a day is from today, in words."""
    return current_reader().days_until(value)


def days_left(value: date) -> int:
    """How far a day is from today, in days."""
    return (value - current_reader().today).days


def tone(value: str | None, code_list: str) -> str:
    """The tone of a code: info, warn, good, bad or muted."""
    return TONES.get(code_list, {}).get(value or "", ("muted", "circle"))[0]


def tone_icon(value: str | None, code_list: str) -> str:
    """The icon that goes with the tone."""
    return TONES.get(code_list, {}).get(value or "", ("muted", "circle"))[1]


def in_words(value: str | None, code_list: str) -> str:
    """The word of a code in the reader's language."""
    return word(current_reader().language.code, code_list, value)


def choices(code_list: str) -> list[tuple[str, str]]:
    """A code list as the options of a field, sorted by its words except where the order is the process."""
    found = list(words(current_reader().language.code)[code_list].items())
    return found if code_list in {"claim_status", "cheque_status"} else sorted(found, key=_option_order)


def _option_order(option: tuple[str, str]) -> tuple[bool, str]:
    return option[0] == "other", option[1]


def size(value: int) -> Markup:
    """A file's size."""
    return Markup("<bdi>{}</bdi>").format(current_reader().size(value))


def count(value: int) -> str:
    """A number with the separators of the language."""
    return current_reader().number(value)


def query(parameters: dict[str, Any]) -> str:
    """URL parameters, leaving out the empty ones."""
    return urlencode({key: value for key, value in parameters.items() if value not in (None, "")})


def path_part(value: str) -> str:
    """A value as one segment of a path: policy numbers of insurers carry slashes."""
    return quote(value, safe="")


def changes(value: Iterable[AnyChange], aggregate: str = "claim") -> list[Any]:
    """Changed fields in words."""
    return list(change_texts(value, current_reader(), aggregate))


_FIGURES: Final = re.compile(r"(?<=[\w%\u2069]) ([→←]) (?=[\d\u2066])")
_DAYS: Final = re.compile(r"(?<=\d) (?=[^\W\d])")
_LABELLED: Final = re.compile(r": (?=[\u2066\u200e\u200f]*[^\w\s]?\d)")


def what_changed(happening: str, value: Iterable[AnyChange]) -> str:
    """What changed, in one line; a figure and what became of it stay on the same one."""
    reader = current_reader()
    text = short_text(happening, value, reader) or happening_name(happening, reader.language.code)
    return _DAYS.sub("\u00a0", _LABELLED.sub(":\u00a0", _FIGURES.sub("\u00a0\\1\u00a0", text)))


def happening(value: str) -> str:
    """What happened, in words."""
    return happening_name(value, current_reader().language.code)


def happening_icon(value: str) -> str:
    """The icon of what happened."""
    return HAPPENING_ICONS.get(value.partition("-")[0], "history")


def what_of(value: str) -> str:
    """What a happening is about, for the filter of an activity: repair, appraisal, settlement, document or the file itself."""
    head = value.partition("-")[0]
    return {"cheque": "settlement"}.get(head, head)


def files_together(rows: Sequence[ActivityRow]) -> Any:
    """Files that were added together, in words: `.title` and `.names`."""
    language = current_reader().language.code
    names = [isolated(str(one.new)) for row in rows for one in row.changes if one.field == "name" and one.new]
    return {"title": files_added(len(rows), language), "names": first_named(names, language)}


def alert(*together: AnyAlert) -> Any:
    """An alert, or those that stand as one line, in words: `.title` and `.detail`."""
    return alerts_text(together, current_reader())


def countries(current: str) -> list[tuple[str, str]]:
    """The countries of the agencies, and the one that an address already has, by their names in the language."""
    codes = dict.fromkeys(filter(None, ("FR", "IL", current)))
    names = current_reader().language.locale.territories
    return [(code, str(names.get(code, code))) for code in codes]


def partner_choices(cards: Iterable[Any]) -> list[tuple[str, str]]:
    """Firms of the directory as the options of a field, with their towns."""
    return [(one.id, f"{one.name} · {one.city}" if one.city else one.name) for one in cards]


def arrow() -> str:
    """The arrow from an old value to a new one."""
    return arrow_of(current_reader())


def actor(kind: str, actor_name: str) -> str:
    """Who did it: people and firms by their names, the system and imports by ours."""
    if kind in {"system", "import"}:
        actor_name = ""
    return actor_name or word(current_reader().language.code, "actor", kind)
