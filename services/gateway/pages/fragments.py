"""Parts of pages that are the same whenever what they show is the same: made once, and kept for a while.

A row of the claims list, an entry of an activity and the tile of a file are three quarters of what pages say, and most of them say
what they said a minute ago, to the same reader or to his colleague. Each is a macro of one row and of the reader's language, zone
and time. All of these stand in the key, the row with every field that it has: whatever the macro shows, it cannot show another's,
nor what was true before. What the row says of time ("2 min ago") is in the key as it will be read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from markupsafe import Markup

from services.gateway.pages.speaking import current_day, current_reader
from services.gateway.queries import ActivityRow, ClaimRow, DocumentRow
from services.gateway.queries.rows import Changed, LastChange

MOST: Final = 6000
"""Fragments that are kept, of a few KB each; the one that was not asked for longest goes first."""

_kept: OrderedDict[Hashable, Markup] = OrderedDict()

Row = ClaimRow | ActivityRow | DocumentRow
_AT: Final[dict[type[Any], str]] = {
    ClaimRow: "last_activity_at",
    ActivityRow: "at",
    DocumentRow: "uploaded_at",
}
"""The instant of a row that is shown by how long ago it was."""


def kept(macro: Any, *arguments: Hashable) -> Markup:
    """Give what a macro makes of these values for everybody who reads the language: of nothing else, the hour least of all."""
    key = (*_name_of(macro), current_reader().language.code, arguments)
    found = _kept.get(key)
    if found is not None:
        _kept.move_to_end(key)
        return found
    return _keep(key, macro(*arguments))


def remembered(macro: Any, row: Row, *arguments: Hashable) -> Markup:
    """Give what a macro makes of a row for this reader. The macro may show the row, its arguments and the reader, nothing else."""
    if type(row) not in _AT:  # a sample of the style guide
        return _made(macro, row, arguments)
    key = (*_name_of(macro), arguments, _reader_of(row), _exact(row))
    try:
        found = _kept.get(key)
    except TypeError:  # a list or a document among the values: made anew
        return _made(macro, row, arguments)
    if found is not None:
        _kept.move_to_end(key)
        return found
    return _keep(key, _made(macro, row, arguments))


def _keep(key: Hashable, made: Markup) -> Markup:
    _kept[key] = made
    if len(_kept) > MOST:
        _kept.popitem(last=False)
    return made


def _name_of(macro: Any) -> tuple[str, str]:
    """Which macro it is: its name and its template's."""
    return macro.name, macro._func.__code__.co_filename  # noqa: SLF001 - a macro has no other way to say where it is from


def forget() -> None:
    """Begin anew."""
    _kept.clear()


def _made(macro: Any, row: Row, arguments: tuple[Hashable, ...]) -> Markup:
    made: Markup = macro(row, *arguments)
    return made


def _reader_of(row: Row) -> Hashable:
    """Language, zone, day, and how long ago the row's instant was, in words and exactly."""
    reader = current_reader()
    at: datetime = getattr(row, _AT[type(row)])
    recent = reader.is_recent(at)
    return (
        reader.language.code,
        reader.zone.key,
        current_day(),
        at,
        at.tzinfo,
        recent and reader.relative(at),
    )


def _exact(row: Row) -> Hashable:
    """Every field; those of changes with their types, since 1 and True are equal and read differently."""
    values: Hashable = _FIELDS[type(row)](row)
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
    told_apart = {"changes", "last_change", _AT[kind]}
    return attrgetter(*(one.name for one in fields(kind) if one.name not in told_apart))


_FIELDS: Final = {kind: _fields_of(kind) for kind in _AT}
