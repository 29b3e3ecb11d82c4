"""What differs between two states, in words a page and an audit can use."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from shared.contracts.envelope import Change

_BOOKKEEPING: Final = frozenset({"sequence", "updated_at", "steps", "promises"})
"""Versions and derived lists: they follow from the change, they are not the change."""

_NAMED_BY: Final = {"payments": "reference", "receipts": "number", "guarantees": "code"}
"""Lists whose items have a name of their own, so that a change names the item and not its place."""


def changes_between(old: BaseModel | None, new: BaseModel) -> tuple[Change, ...]:
    """Every field that differs, by dotted path (`repair.eta`, `settlement.payments.P-1.cheque.status`), old and new in their JSON form."""
    touched = _touched(old, new)
    before = old.model_dump(mode="json", include=touched) if old is not None else {}
    found: list[Change] = []
    _compare("", before, new.model_dump(mode="json", include=touched), found)
    return tuple(found)


def _touched(old: BaseModel | None, new: BaseModel) -> set[str] | None:
    """The fields that may differ (None: all). A state is copied with what changed, so most of its parts are the very same objects."""
    if type(old) is not type(new):
        return None
    return {name for name in type(new).model_fields if getattr(old, name) is not getattr(new, name)}


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
