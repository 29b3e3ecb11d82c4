"""Claims in the read model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, Update, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import Activity, ClaimView, DocumentView
from services.gateway.projections.activity import is_lived, record_activity
from services.gateway.search.folding import agency_token, fold, search_text
from shared.contracts.claims import ClaimState, Repair
from shared.contracts.codes import AppraisalStatus
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import happening_of
from shared.contracts.policy import PartnerReference
from shared.db.upsert import write_many

ClaimEvent = CloudEvent[ChangeData[ClaimState]]

_VIEW: Final = cast("Table", ClaimView.__table__)
_TRACKED: Final = (
    "sequence",
    "last_activity_at",
    "changed_sequence",
    "changed_by",
    "changed_at",
    "other_sequence",
    "other_at",
)
_ELSEWHERE: Final = frozenset({"row", "agency_id", "id", "files_by", "files_at", "files_other_at"})
"""Columns that identify the row, and those that `refresh_files` keeps."""

_NEW: Final = "new_"
_ONE: Final = and_(_VIEW.c.agency_id == bindparam("the_agency"), _VIEW.c.id == bindparam("the_claim"))


def _setting(names: Iterable[str]) -> Update:
    return update(_VIEW).where(_ONE).values({name: bindparam(_NEW + name) for name in names})


_VISIT_TO_COME: Final = frozenset({AppraisalStatus.ASSIGNED, AppraisalStatus.SCHEDULED})


# Made once: building a statement of forty columns for each event takes as long as running it.
_KNOWN: Final = select(*(_VIEW.c[name] for name in _TRACKED)).where(_ONE).with_for_update()
_TRACK: Final = _setting(_TRACKED)
_REPLACE: Final = _setting(column.name for column in _VIEW.c if column.name not in _ELSEWHERE)


async def project_claim(session: AsyncSession, event: ClaimEvent) -> None:
    """Keep the newest state, and who changed the claim last. Any order and any repetition give the same row."""
    state = event.data.state
    await record_activity(
        session,
        event,
        agency_id=state.agency_id,
        client_id=state.client_id,
        policy_number=state.policy_number,
        claim_number=state.claim_number,
    )
    known = await _known(session, state)
    if known is None:
        await _add(session, event)
        known = await _known(session, state)
    if known is None:
        message = f"claim {state.id} is neither known nor new"
        raise RuntimeError(message)
    values = _tracked(known, event)
    if event.sequence > known["sequence"]:
        values |= _state_columns(state) | {"sequence": event.sequence, "last_change": _last_change(event)}
        values["missing"] = await _missing(session, state.agency_id, state.claim_number, values["wanted"])
    statement = _REPLACE if "state" in values else _TRACK
    await session.execute(
        statement, {**{_NEW + name: value for name, value in {**known, **values}.items()}, **_key(state)}
    )


async def refresh_files(session: AsyncSession, agency_id: str, claim_number: str) -> None:
    """Work out anew who last changed the claim's files; files have versions of their own."""
    values = await _files(session, agency_id, claim_number)
    newest = values["files_at"]
    wanted = await session.scalar(
        select(ClaimView.wanted).where(
            ClaimView.agency_id == agency_id, ClaimView.claim_number == claim_number
        )
    )
    values["missing"] = await _missing(session, agency_id, claim_number, wanted or "")
    found = and_(ClaimView.agency_id == agency_id, ClaimView.claim_number == claim_number)
    await session.execute(update(ClaimView).where(found).values(**values))
    if newest is not None:
        await session.execute(
            update(ClaimView)
            .where(found, ClaimView.last_activity_at < newest)
            .values(last_activity_at=newest)
        )


def _key(state: ClaimState) -> dict[str, str]:
    return {"the_agency": state.agency_id, "the_claim": state.id}


async def _known(session: AsyncSession, state: ClaimState) -> dict[str, Any] | None:
    row = (await session.execute(_KNOWN, _key(state))).mappings().first()
    return dict(row) if row is not None else None


async def _add(session: AsyncSession, event: ClaimEvent) -> None:
    """Make room for a claim that is seen for the first time; version 0 lets the event itself win."""
    state = event.data.state
    row = {
        "agency_id": state.agency_id,
        "id": state.id,
        "sequence": -1,
        "last_activity_at": event.time,
        "last_change": None,
        "changed_sequence": -1,
        "changed_by": None,
        "changed_at": None,
        "other_sequence": -1,
        "other_at": None,
        **await _files(session, state.agency_id, state.claim_number),
        **_state_columns(state),
    }
    await write_many(session, ClaimView, [row], ["agency_id", "id"])


def _tracked(known: dict[str, Any], event: ClaimEvent) -> dict[str, Any]:
    """The last change by anyone, and the last one by anybody else: whatever the order in which changes arrive."""
    values: dict[str, Any] = {"last_activity_at": max(known["last_activity_at"], event.time)}
    if not is_lived(event):
        return values
    who, sequence = event.data.actor.id, event.sequence
    if sequence > known["changed_sequence"]:
        values |= {"changed_sequence": sequence, "changed_by": who, "changed_at": event.time}
        if known["changed_by"] not in {None, who}:
            values |= {"other_sequence": known["changed_sequence"], "other_at": known["changed_at"]}
    elif who != known["changed_by"] and sequence > known["other_sequence"]:
        values |= {"other_sequence": sequence, "other_at": event.time}
    return values


async def _files(session: AsyncSession, agency_id: str, claim_number: str) -> dict[str, Any]:
    newest = func.max(Activity.at)
    rows = (
        await session.execute(
            select(Activity.actor_id, newest)
            .where(
                Activity.agency_id == agency_id,
                Activity.claim_number == claim_number,
                Activity.aggregate == "document",
                Activity.actor_kind != "import",
            )
            .group_by(Activity.actor_id)
            .order_by(newest.desc())
            .limit(2)
        )
    ).all()
    first: tuple[str | None, datetime | None] = (rows[0][0], rows[0][1]) if rows else (None, None)
    return {
        "files_by": first[0],
        "files_at": first[1],
        "files_other_at": rows[1][1] if len(rows) > 1 else None,
    }


def _last_change(event: ClaimEvent) -> dict[str, Any]:
    return {
        "happening": happening_of(event.type),
        "by": event.data.actor.name or event.data.actor.id,
        "actor_id": event.data.actor.id,
        "actor_kind": event.data.actor.kind,
        "at": event.time.isoformat(),
        "changes": [change.model_dump(mode="json") for change in event.data.changes][:20],
    }


def _state_columns(state: ClaimState) -> dict[str, Any]:
    return {
        "claim_number": state.claim_number,
        "policy_number": state.policy_number,
        "client_id": state.client_id,
        "client_name": state.client_name,
        "insured_name": state.insured.name,
        "plate": state.plate,
        "plate_normalised": state.plate_normalised,
        "line": state.line.value,
        "kind": state.kind.value,
        "status": state.status.value,
        "is_open": state.status.is_open,
        "insurer": partner_key(state.insurer),
        "insurer_name": state.insurer.name,
        "garage": partner_key(state.garage) if state.garage else None,
        "garage_name": state.garage.name if state.garage else "",
        "appraiser": partner_key(state.appraiser) if state.appraiser else None,
        "event_date": state.event_date,
        "eta": state.repair.eta if state.repair else None,
        **_counted(state),
        "repair": _repair(state.repair) if state.repair else None,
        "client_folded": fold(f"{state.client_name} {state.insured.name}"),
        "agency_token": agency_token(state.agency_id),
        "search_text": _searched(state),
        "state": state.model_dump(mode="json"),
    }


def _counted(state: ClaimState) -> dict[str, Any]:
    """What home counts. `missing` is right for a claim without files; who knows the files corrects it."""
    repair = _repair(state.repair) if state.repair else {}
    wanted = [one.value for one in state.settlement.requested_documents]
    cheques = [one.cheque for one in state.settlement.payments if one.cheque]
    visit = state.appraisal if state.appraisal and state.appraisal.status in _VISIT_TO_COME else None
    return {
        "phase": repair.get("phase"),
        "slipped_days": repair.get("slipped_days", 0),
        "repair_at": state.repair.updated_at if state.repair else None,
        "cheque_on": min(
            (one.matures_on for one in cheques if one.matures_on and one.status.awaits_maturity), default=None
        ),
        "visit_on": visit.visit_on if visit else None,
        "wanted": f" {' '.join(wanted)} " if wanted else "",
        "missing": len(set(wanted)),
    }


async def _missing(session: AsyncSession, agency_id: str, claim_number: str, wanted: str) -> int:
    """How many of the wanted types are not among the claim's files."""
    if not wanted:
        return 0
    rows = await session.scalars(
        select(DocumentView.state).where(
            DocumentView.agency_id == agency_id,
            DocumentView.claim_number == claim_number,
            DocumentView.removed.is_(False),
        )
    )
    return len(set(wanted.split()) - {one["type"] for one in rows})


def partner_key(reference: PartnerReference) -> str:
    """The partner's id, or the firm's name when it is no partner: what lists are filtered by."""
    return reference.partner_id or reference.name


def _repair(repair: Repair) -> dict[str, Any]:
    slipped = (repair.eta - repair.promises[0].eta).days if repair.eta and repair.promises else 0
    return {
        "phase": repair.phase.value,
        "percent": repair.percent,
        "eta": repair.eta.isoformat() if repair.eta else None,
        "slipped_days": slipped,
        "delay_reason": repair.delay_reason.value if repair.delay_reason else None,
    }


def _searched(state: ClaimState) -> str:
    third = state.third_parties
    agent = state.third_party_agent
    return search_text(
        [
            state.client_name,
            state.insured.name,
            state.insurer.name,
            state.garage.name if state.garage else "",
            state.appraiser.name if state.appraiser else "",
            *(word for one in third for word in (one.policyholder, one.driver, one.insurer)),
            *((agent.name, agent.agency) if agent else ()),
            state.description,
        ],
        numbers=[
            state.claim_number,
            state.policy_number,
            state.plate,
            state.plate_normalised,
            state.insurer_reference,
            state.insured.plate,
            *(number for one in third for number in (one.plate, one.policy_number)),
        ],
        phones=[
            state.insured.mobile,
            *(one.mobile for one in third),
            *([agent.phone] if agent else ()),
        ],
    )
