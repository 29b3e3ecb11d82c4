"""Changed fields in words: what the field is called, and its old and new value as a reader expects them.

Paths are those of `shared.contracts.changes` (`repair.eta`, `settlement.payments.P-1.cheque.status`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Final, Protocol

from services.gateway.pages.field_names import FIELD_KINDS, MORE_THAN_ONCE, field_names
from services.gateway.pages.figures import Reader, isolated, isolated_code
from services.gateway.pages.languages import translations
from services.gateway.pages.words import word


class AnyChange(Protocol):
    """What a `Change` of an event and a `ChangedField` of a page have in common."""

    @property
    def field(self) -> str: ...
    @property
    def old(self) -> Any: ...
    @property
    def new(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class ChangeText:
    """A changed field, ready to be shown. `old` is empty when the field was."""

    path: str
    label: str
    old: str
    new: str

    def as_text(self, reader: Reader) -> str:
        """`Delivery: 28/11 → 02/12`, as one line of plain text."""
        values = f"{self.old} {arrow_of(reader)} {self.new or '—'}" if self.old else self.new or "—"
        return labelled(self.label, values, reader)


def labelled(label: str, value: str, reader: Reader) -> str:
    """Join a label and its value; French puts a space before the colon."""
    pattern = translations(reader.language.code).pgettext("label and value", "%(label)s: %(value)s")
    return pattern % {"label": label, "value": value}


def arrow_of(reader: Reader) -> str:
    """The arrow from old to new; arrows are not mirrored by themselves."""
    return "←" if reader.language.right_to_left else "→"


def change_texts(changes: Iterable[AnyChange], reader: Reader, aggregate: str = "claim") -> list[ChangeText]:
    """Every change that means something to a reader, the weightiest first; derived and technical fields are left out.

    `aggregate` says whose field it is where two have one of the same name: a contract has other statuses than a claim.
    """
    listed = list(changes)
    currency = next((str(c.new) for c in listed if c.field.endswith(".currency") and c.new), "")
    found: list[tuple[int, ChangeText]] = []
    for change in listed:
        known = _known(
            "contract.status" if (aggregate, change.field) == ("contract", "status") else change.field
        )
        if known is None:
            continue
        weight, key, name = known
        label = field_names(reader.language.code)[key]
        if name:
            label = f"{label} {isolated_code(name)}"
        kind = FIELD_KINDS[key]
        old, new = _value(change.old, kind, reader, currency), _value(change.new, kind, reader, currency)
        if old != new:
            found.append((weight, ChangeText(change.field, label, old, new)))
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def short_text(happening: str, changes: Iterable[AnyChange], reader: Reader, limit: int = 2) -> str:
    """What changed in one line, for lists and alerts: the weightiest values, or what happened when no field tells."""
    if happening in _WHOLE:
        return ""
    texts = change_texts(changes, reader, happening.partition("-")[0])
    told: list[str] = []
    for text in texts:
        if len(told) == limit:
            break
        if text.path in _SPEAKS_FOR_ITSELF and text.new:
            told.append(text.new)
        else:
            told.append(text.as_text(reader))
    return " · ".join(told)


_WHOLE: Final = frozenset(
    {"claim-registered", "client-registered", "contract-registered", "document-added", "document-removed"}
)
"""Happenings that name a whole thing: its fields are not news."""

_SPEAKS_FOR_ITSELF: Final = frozenset(
    {
        "repair.phase",
        "repair.quote.status",
        "appraisal.status",
        "repair.note",
        "settlement.note",
        "appraisal.note",
        "note",
    }
)

_PATTERNS: Final = {
    key: re.compile("^" + re.escape(key).replace(r"\*", r"([^.]+(?:\.[^.]+)*?)") + "$")
    for key in MORE_THAN_ONCE
}


@cache
def _known(path: str) -> tuple[int, str, str] | None:
    order = _ORDER.get(path)
    if order is not None:
        return order, path, ""
    for key, pattern in _PATTERNS.items():
        if match := pattern.match(path):
            return _ORDER[key], key, match[1]
    return None


_ORDER: Final = {key: place for place, key in enumerate(FIELD_KINDS)}


def _value(value: Any, kind: str, reader: Reader, currency: str) -> str:
    if value is None or value in ("", [], {}):
        return ""
    name, _, detail = kind.partition(":")
    if name == "codes":
        return ", ".join(word(reader.language.code, detail, str(one)) for one in _listed(value))
    if name == "code":
        return word(reader.language.code, detail, str(value))
    return _WRITERS.get(name, _text)(value, reader, currency)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, _reader: Reader, _currency: str) -> str:
    return isolated(str(value))


def _latin(value: Any, _reader: Reader, _currency: str) -> str:
    return isolated_code(str(value))


def _percent(value: Any, reader: Reader, _currency: str) -> str:
    try:
        return isolated_code(reader.percent(Decimal(str(value))))
    except InvalidOperation:
        return str(value)


def _money(value: Any, reader: Reader, _currency: str) -> str:
    if not isinstance(value, dict):
        return str(value)
    return _amount(value.get("amount"), reader, str(value.get("currency", "")))


def _people(value: Any, reader: Reader, _currency: str) -> str:
    number = len(_listed(value))
    return translations(reader.language.code).ngettext("%(num)d entry", "%(num)d entries", number) % {
        "num": number
    }


def _day(value: Any, reader: Reader, _currency: str) -> str:
    try:
        if isinstance(value, datetime):
            return isolated_code(reader.instant(value))
        return isolated_code(
            reader.day(value if isinstance(value, date) else date.fromisoformat(str(value)[:10]))
        )
    except ValueError:
        return str(value)


def _amount(value: Any, reader: Reader, currency: str) -> str:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return isolated_code(reader.money(amount, currency) if currency else reader.number(amount))


_WRITERS: Final[dict[str, Callable[[Any, Reader, str], str]]] = {
    "date": _day,
    "percent": _percent,
    "amount": _amount,
    "money": _money,
    "latin": _latin,
    "people": _people,
}
"""Kind of a field -> how its value is written; text is the rest."""
