"""Claims in the read model: the claims of a batch together, whether they changed themselves or their files did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, cast

from sqlalchemy import Select, Table, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity, ClaimView, DocumentView
from services.gateway.projections.activity import ActivityRow, activity_of, is_lived, record_activity
from services.gateway.projections.columns import last_change, state_columns
from services.gateway.projections.documents import Number, give_to_clients, turns
from shared.contracts.claims import ClaimState
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.db.among import given_pairs, named_pairs_among, pairs_among
from shared.db.lookup import Lookup, Terms
from shared.db.together import write_at_commit
from shared.db.turns import take_turn
from shared.db.upsert import write_many

ClaimEvent = CloudEvent[ChangeData[ClaimState]]
Key = tuple[str, str]
"""An agency, and the id of a claim."""

_Files = dict[str, Any]
"""`files_by`, `files_at` and `files_other_at`."""

_KEYS: Final = ("agency_id", "id")
_VIEW: Final = cast("Table", ClaimView.__table__)
_FILES: Final = ("files_by", "files_at", "files_other_at")
_KEPT: Final = (
    "sequence",
    "last_activity_at",
    "changed_sequence",
    "changed_by",
    "changed_at",
    "other_sequence",
    "other_at",
    *_FILES,
    "missing",
)
"""Columns that depend on more than the newest state."""

_KNOWN: Final = (*_KEYS, "claim_number", "wanted", *_KEPT)
_GIVEN: Final = "given_"
_KEEP: Final = (
    update(_VIEW)
    .where(and_(*(_VIEW.c[name] == bindparam(_GIVEN + name) for name in _KEYS)))
    .values({name: bindparam(_GIVEN + name) for name in _KEPT})
)
_UNSEEN: Final[Mapping[str, Any]] = {
    "sequence": -1,
    "changed_sequence": -1,
    "changed_by": None,
    "changed_at": None,
    "other_sequence": -1,
    "other_at": None,
    **dict.fromkeys(_FILES),
    "missing": 0,
}
"""A claim before its first event."""


async def project_claims(
    session: AsyncSession, events: Sequence[ClaimEvent], filed: Collection[Number]
) -> None:
    """Keep the newest state of each claim, and who changed it last; `filed` are the claims whose files changed.

    Any order and any repetition, in one batch or in many, give the same rows. They are locked in one order, so that two
    batches on PostgreSQL wait for each other instead of failing.
    """
    await record_activity(session, map(_activity, events))
    told: dict[Key, list[ClaimEvent]] = defaultdict(list)
    for event in events:
        told[event.data.state.agency_id, event.data.state.id].append(event)
    known = await _known(session, {*told, *await _claims_of(session, filed)})
    if new := sorted(told.keys() - known.keys()):
        numbers = {(key[0], told[key][0].data.state.claim_number): key for key in new}
        await take_turn(session, turns(numbers))
        await write_many(session, ClaimView, [_first(key, told[key]) for key in new], _KEYS)
        known |= await _known(session, new)  # as just written, or as another transaction wrote them before
        owners = {number: told[key][0].data.state.client_id for number, key in numbers.items()}
        await give_to_clients(session, "claim_number", owners)
    files = await _files(session, {*filed, *((key[0], known[key]["claim_number"]) for key in new)})
    types = await _types(session, _asking(known, events))
    rows = [
        _folded(known[key], told[key], files.get(number), types[number])
        for key in sorted(known)
        for number in ((key[0], known[key]["claim_number"]),)
    ]
    await write_at_commit(session, ClaimView, [row for row in rows if "state" in row], _KEYS, replace=True)
    kept = [row for row in rows if "state" not in row and row != known[row["agency_id"], row["id"]]]
    if kept:
        given = [{_GIVEN + name: row[name] for name in (*_KEYS, *_KEPT)} for row in kept]
        await session.execute(_KEEP, given)


def _activity(event: ClaimEvent) -> ActivityRow:
    state = event.data.state
    return activity_of(
        event,
        agency_id=state.agency_id,
        client_id=state.client_id,
        policy_number=state.policy_number,
        claim_number=state.claim_number,
    )


async def _claims_of(session: AsyncSession, numbers: Collection[Number]) -> list[Key]:
    if not numbers:
        return []
    named = pairs_among(session, (ClaimView.agency_id, ClaimView.claim_number), numbers)
    rows = await session.execute(select(ClaimView.agency_id, ClaimView.id).where(named))
    return [(agency_id, claim_id) for agency_id, claim_id in rows]


async def _known(session: AsyncSession, keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
    """What the read model has of these claims, locked in one order until the transaction ends."""
    if not keys:
        return {}
    rows = await _LOCKED.all(session, **given_pairs(session, "keys", keys))
    return {(row["agency_id"], row["id"]): {name: row[name] for name in _KNOWN} for row in rows}


def _locked(terms: Terms) -> Select[Any]:
    return (
        select(*(_VIEW.c[name] for name in _KNOWN))
        .where(named_pairs_among(terms.dialect, (ClaimView.agency_id, ClaimView.id), "keys"))
        .order_by(*(_VIEW.c[name] for name in _KEYS))
        .with_for_update()
    )


_LOCKED: Final = Lookup(_locked)


def _first(key: Key, events: Sequence[ClaimEvent]) -> dict[str, Any]:
    """The row of a claim that is seen for the first time, as if it had no files."""
    unseen = {**dict(zip(_KEYS, key, strict=True)), **_UNSEEN, "last_activity_at": events[0].time}
    return _folded(unseen, events, None, frozenset())


def _folded(
    known: Mapping[str, Any], events: Sequence[ClaimEvent], files: _Files | None, types: Collection[str]
) -> dict[str, Any]:
    """The row after these events. It has a `state`, and all columns, if one of them is newer than what is known.

    `files` is None where they did not change; `types` are those that are there.
    """
    row = dict(known)
    for event in events:
        row |= _tracked(row, event)
    newest = max(events, key=lambda event: event.sequence, default=None)
    if newest is not None and newest.sequence > known["sequence"]:
        row |= state_columns(newest.data.state)
        row |= {"sequence": newest.sequence, "last_change": last_change(newest)}
    if files is not None:
        row |= files
        row["last_activity_at"] = max(row["last_activity_at"], files["files_at"] or row["last_activity_at"])
    if files is not None or "state" in row:
        row["missing"] = len(set(row["wanted"].split()) - set(types))
    return row


def _tracked(row: Mapping[str, Any], event: ClaimEvent) -> dict[str, Any]:
    """The last change by anyone, and the last one by anybody else: whatever the order in which changes arrive."""
    values: dict[str, Any] = {"last_activity_at": max(row["last_activity_at"], event.time)}
    if not is_lived(event):
        return values
    who, sequence = event.data.actor.id, event.sequence
    if sequence > row["changed_sequence"]:
        values |= {"changed_sequence": sequence, "changed_by": who, "changed_at": event.time}
        if row["changed_by"] not in {None, who}:
            values |= {"other_sequence": row["changed_sequence"], "other_at": row["changed_at"]}
    elif who != row["changed_by"] and sequence > row["other_sequence"]:
        values |= {"other_sequence": sequence, "other_at": event.time}
    return values


async def _files(session: AsyncSession, numbers: Collection[Number]) -> dict[Number, _Files]:
    """Who last changed the files of these claims; files have versions of their own."""
    if not numbers:
        return {}
    newest = func.max(Activity.at)
    rows = await session.execute(
        select(Activity.agency_id, Activity.claim_number, Activity.actor_id, newest)
        .where(
            pairs_among(session, (Activity.agency_id, Activity.claim_number), numbers),
            Activity.aggregate == "document",
            Activity.actor_kind != "import",
        )
        .group_by(Activity.agency_id, Activity.claim_number, Activity.actor_id)
        .order_by(newest.desc(), Activity.actor_id)
    )
    found: dict[Number, _Files] = {number: dict.fromkeys(_FILES) for number in numbers}
    for agency_id, number, actor_id, at in rows:
        files = found[agency_id, str(number)]
        if files["files_at"] is None:
            files |= {"files_by": actor_id, "files_at": at}
        elif files["files_other_at"] is None:
            files["files_other_at"] = at
    return found


def _asking(known: Mapping[Key, Mapping[str, Any]], events: Iterable[ClaimEvent]) -> set[Number]:
    """The claims of which documents are asked for."""
    states = (event.data.state for event in events)
    return {(key[0], row["claim_number"]) for key, row in known.items() if row["wanted"]} | {
        (state.agency_id, state.claim_number) for state in states if state.settlement.requested_documents
    }


async def _types(session: AsyncSession, numbers: Collection[Number]) -> dict[Number, set[str]]:
    """Which types of documents are among the files of these claims; of every other claim none."""
    found: dict[Number, set[str]] = defaultdict(set)
    if numbers:
        rows = await session.execute(
            select(DocumentView.agency_id, DocumentView.claim_number, DocumentView.state["type"].as_string())
            .where(
                pairs_among(session, (DocumentView.agency_id, DocumentView.claim_number), numbers),
                DocumentView.removed.is_(False),
            )
            .distinct()
        )
        for agency_id, number, kind in rows:
            found[agency_id, number].add(kind)
    return found
