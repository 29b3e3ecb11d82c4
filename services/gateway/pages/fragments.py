"""Parts of pages that are the same whenever what they show is the same: made once, and kept for a while.

A page says mostly what it said a minute ago, to the same reader or to his colleague. Its parts are macros of what they show and
of the reader's language, zone, day and countries. All of these stand in the key, what is shown with everything that it is made
of: whatever a macro shows, it cannot show another's, nor what was true before. Who may see what is the database's to say, before
anything is looked for here.

What a part says of time ("2 min ago") is true for a while. `ago` says for how long, to whoever makes the part; a part is made anew
as soon as one of its words would be another.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from sys import getsizeof
from typing import Any, Final

from jinja2 import Environment, pass_environment
from markupsafe import Markup

from services.gateway.pages.packing import Packed, packed
from services.gateway.pages.speaking import (
    Lasting,
    current_day,
    current_reader,
    has_places,
    made_lasting,
    placed,
)
from services.gateway.queries import ActivityRow, ClaimQuery, ClaimRow, DocumentRow, Told, ViewRow
from services.gateway.queries.rows import Changed, LastChange

MOST: Final = 6000
"""Fragments that are kept; the one that was not asked for longest goes first."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""What they and their keys may take together; the rule is the same."""

Row = ClaimRow | ActivityRow | DocumentRow
_AT: Final[dict[type[Any], str]] = {
    ClaimRow: "last_activity_at",
    ActivityRow: "at",
    DocumentRow: "uploaded_at",
}
"""The instant of a row, whose offset is shown as well."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What was made, until when it is true, and what it takes. Parts that stand in a page by themselves are packed."""

    made: Markup | Packed
    lasting: Lasting
    size: int


class _Key:
    """A key with a hash that is taken once: those of whole tables are long."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: tuple[Hashable, ...]) -> None:
        self.parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._hash == other._hash and self.parts == other.parts


class Store:
    """Fragments by their keys, no more than there is room for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: OrderedDict[Hashable, Fragment] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable, now: datetime) -> Fragment | None:
        """Give what was made, if it is still true."""
        found = self._kept.get(key)
        if found is None or not found.lasting.holds(now):
            return None
        self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, made: Markup | Packed, lasting: Lasting) -> Fragment:
        """Keep what was made."""
        takes = getsizeof(made.blocks if isinstance(made, Packed) else made)
        kept = Fragment(made, lasting, takes + _weight(key))
        before = self._kept.pop(key, None)
        self._kept[key] = kept
        self.size += kept.size - (before.size if before else 0)
        while len(self._kept) > MOST or (self.size > MOST_BYTES and len(self._kept) > 1):
            self.size -= self._kept.popitem(last=False)[1].size
        return kept

    def clear(self) -> None:
        """Begin anew."""
        self._kept.clear()
        self.size = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)


STORE: Final = Store()


def kept(macro: Any, *arguments: Hashable) -> Markup:
    """Give what a macro makes of these values for everybody who reads the language: of nothing else, the hour least of all."""
    key = (*_name_of(macro), current_reader().language.code, arguments)
    return _found_or_made(key, lambda: macro(*arguments))


def remembered(macro: Any, row: Row, *arguments: Hashable) -> Markup:
    """Give what a macro makes of a row for this reader. The macro may show the row, its arguments and the reader, nothing else."""
    if type(row) not in _AT:  # a sample of the style guide
        return _made(macro, row, arguments)
    key = (*_name_of(macro), arguments, _reader(), _exact(row))
    try:
        hash(key)
    except TypeError:  # a list or a document among the values: made anew
        return _made(macro, row, arguments)
    return _found_or_made(key, lambda: _made(macro, row, arguments))


@pass_environment
def part(environment: Environment, template: str, name: str, *arguments: Any) -> Markup:
    """Give what a macro of a template makes of values that say what they are made of (`Told`, `Rows`), and of plain ones.

    It may show its arguments and the reader, nothing else. Where an argument cannot say what it is made of, it is made anew.
    """

    def make() -> Markup:
        values = (one.value if isinstance(one, Told) else one for one in arguments)
        made: Markup = getattr(environment.get_template(template).module, name)(*values)
        return made

    try:
        key = _Key((template, name, _reader(), *map(_told, arguments)))
    except TypeError:
        return make()
    return _found_or_made(key, make, pack=has_places())


def forget() -> None:
    """Begin anew."""
    STORE.clear()


def _found_or_made(key: Hashable, make: Callable[[], Markup], *, pack: bool = False) -> Markup:
    found = STORE.get(key, current_reader().now)
    if found is None:
        with made_lasting() as lasting:
            html = make()
        found = STORE.put(key, packed(html) if pack else html, lasting)
    found.lasting.tell()
    return placed(found.made) if isinstance(found.made, Packed) else found.made


_PLAIN: Final = frozenset({str, int, bool, type(None), date, ClaimQuery, ViewRow})
"""Values that are what they say: a type that is the same in each place, and nothing in them that could change."""


def _told(value: Any) -> Hashable:
    """What an argument is made of. Raises TypeError for what cannot say."""
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if kind is tuple:
        return tuple(map(_told, value))
    key: Hashable = getattr(value, "key", None)
    if key is None:
        raise TypeError(value)
    return key


def _reader() -> Hashable:
    reader = current_reader()
    return reader.language.code, reader.zone.key, current_day(), reader.at_home


def _name_of(macro: Any) -> tuple[str, str]:
    """Which macro it is: its name and its template's."""
    return macro.name, macro._func.__code__.co_filename  # noqa: SLF001 - a macro has no other way to say where it is from


def _made(macro: Any, row: Row, arguments: tuple[Hashable, ...]) -> Markup:
    made: Markup = macro(row, *arguments)
    return made


def _exact(row: Row) -> Hashable:
    """Every field; those of changes with their types, since 1 and True are equal and read differently."""
    at: datetime = getattr(row, _AT[type(row)])
    values: Hashable = (_FIELDS[type(row)](row), at.tzinfo)
    if isinstance(row, ActivityRow):
        return (values, _of_changes(row.changes))
    if isinstance(row, ClaimRow) and row.last_change is not None:
        return (values, _of_last(row.last_change))
    return values


def _of_last(change: LastChange) -> Hashable:
    return (change.happening, change.by, change.actor_kind, _of_changes(change.changes))


def _of_changes(changes: Iterable[Changed]) -> Hashable:
    return tuple((one.field, type(one.old), one.old, type(one.new), one.new) for one in changes)


def _fields_of(kind: type[Any]) -> Callable[[Any], Hashable]:
    told_apart = {"changes", "last_change"}
    return attrgetter(*(one.name for one in fields(kind) if one.name not in told_apart))


_FIELDS: Final = {kind: _fields_of(kind) for kind in _AT}


def _weight(value: Any) -> int:
    """How many bytes a key takes, roughly: those of its texts, and a place for each value."""
    kind = type(value)
    if kind is str:
        return getsizeof(value)
    if kind is _Key:
        return _weight(value.parts)
    if kind in _PLAIN or not hasattr(kind, "__iter__"):
        return _PLACE
    return _PLACE + sum(map(_weight, value))


_PLACE: Final = 64
