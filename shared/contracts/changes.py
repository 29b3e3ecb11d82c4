"""What differs between two states, in words a page and an audit can use."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.envelope import Change

_BOOKKEEPING: Final = frozenset({"sequence", "updated_at", "steps", "promises"})
"""Versions and derived lists: they follow from the change, they are not the change."""

_NAMED_BY: Final = {"payments": "reference", "receipts": "number", "guarantees": "code"}
"""Lists whose items have a name of their own, so that a change names the item and not its place."""

_PLAIN: Final = frozenset({str, int, bool, type(None)})
"""What is the same in JSON. A field that writes its text or number in another way has a type of its own."""

_OTHER: Final = object()


def changes_between(old: BaseModel | None, new: BaseModel) -> tuple[Change, ...]:
    """Every field that differs, by dotted path (`repair.eta`, `settlement.payments.P-1.cheque.status`), old and new in their JSON form."""
    found: list[Change] = []
    if type(old) is type(new):
        _compare_models("", old, new, found)
    else:
        before = old.model_dump(mode="json") if old is not None else {}
        _compare("", before, new.model_dump(mode="json"), found)
    return tuple(found)


def _compare_models(path: str, old: Any, new: BaseModel, found: list[Change]) -> None:
    """Compare two models of one class: a state is copied with what changed, so most of its parts are the very same objects."""
    known = vars(old)
    for name, after in vars(new).items():
        before = known[name]
        if before is after or name in _BOOKKEEPING:
            continue
        below = f"{path}.{name}" if path else name
        was, is_now = _in_json(before), _in_json(after)
        if was is not _OTHER and is_now is not _OTHER:
            _compare(below, was, is_now, found)
        elif type(after) is type(before) and isinstance(after, BaseModel):
            _compare_models(below, before, after, found)
        else:
            only = {name}
            was, is_now = (one.model_dump(mode="json", include=only)[name] for one in (old, new))
            _compare(below, was, is_now, found)


def _in_json(value: Any) -> Any:
    """Give what JSON has for what a field is as a rule: the serializer, asked for one field, takes twenty times as long."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is date:
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else _OTHER


def _compare(path: str, old: Any, new: Any, found: list[Change]) -> None:
    if old == new:
        return
    if isinstance(new, dict) and (isinstance(old, dict) or old is None):
        for key in {**(old or {}), **new}:
            if key not in _BOOKKEEPING:
                _compare(f"{path}.{key}" if path else key, (old or {}).get(key), new.get(key), found)
        return
    name = _NAMED_BY.get(path.rsplit(".", 1)[-1])
    if name is not None and isinstance(new, list) and isinstance(old, list | None):
        before = {item[name]: item for item in old or ()}
        after = {item[name]: item for item in new}
        for key in {**before, **after}:
            _compare(f"{path}.{key}", before.get(key), after.get(key), found)
        return
    if old in (None, "", [], {}) and new in (None, "", [], {}):
        return
    found.append(Change(field=path, old=old, new=new))
