"""Which fields are marked on an open claim page, while it stays open and updates arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.gateway.queries import ActivityRow, ChangedField, ClaimDetail, ToldClaim


def since_of(claim: ClaimDetail | ToldClaim, now: datetime) -> datetime:
    """From when on changes are marked: the last opening; for one never opened with news, from the first of them."""
    if claim.seen_at is not None:
        return claim.seen_at
    if claim.changed:
        return min(one.at for one in claim.changed) - timedelta(microseconds=1)
    return now


def changed_fields(history: Sequence[ActivityRow], since: datetime, user_id: str) -> tuple[ChangedField, ...]:
    """Fold the changes after `since` by others: the value then, the value now. Imported history is no news."""
    found: dict[str, ChangedField] = {}
    for row in sorted(history, key=lambda one: (one.at, one.sequence)):
        if row.at <= since or row.actor_kind == "import" or row.actor_id == user_id:
            continue
        if row.aggregate != "claim" or row.happening == "claim-registered":
            continue
        for change in row.changes:
            known = found.pop(change.field, None)
            entry = ChangedField(change.field, change.old, change.new, row.at, row.actor_name)
            found[change.field] = replace(entry, old=known.old) if known else entry
    return tuple(entry for entry in reversed(found.values()) if entry.old != entry.new)
