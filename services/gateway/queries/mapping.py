"""From database rows to the values of `rows.py`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson

from services.gateway.models import ClaimView, ContractView
from services.gateway.queries.rows import (
    ActivityRow,
    ClaimRow,
    ContractRow,
    DocumentRow,
    FieldChange,
    LastChange,
    PartnerCard,
    RepairRow,
)
from services.gateway.queries.told import Told, as_text
from shared.contracts.documents import DocumentState
from shared.contracts.policy import ClientState, ContractState, PartnerReference
from shared.db.lookup import Row

Names = Mapping[str, PartnerCard]
"""Partners by id: events name them by id alone."""

CLAIM_COLUMNS = (
    ClaimView.id,
    ClaimView.agency_id,
    ClaimView.claim_number,
    ClaimView.policy_number,
    ClaimView.client_id,
    ClaimView.client_name,
    ClaimView.insured_name,
    ClaimView.plate,
    ClaimView.event_date,
    ClaimView.line,
    ClaimView.kind,
    ClaimView.status,
    ClaimView.is_open,
    ClaimView.insurer,
    ClaimView.insurer_name,
    ClaimView.garage,
    ClaimView.garage_name,
    as_text(ClaimView.repair),
    as_text(ClaimView.last_change),
    ClaimView.files_at,
    ClaimView.last_activity_at,
    ClaimView.sequence,
)


def actor_name(kind: str, actor_id: str, name: str, partners: Names) -> str:
    """Give the name of who did it; partners are named by us."""
    if kind == "partner" and actor_id in partners:
        return partners[actor_id].name
    return name or actor_id


def claim_row(row: Row, partners: Names, file_change: LastChange | None = None) -> ClaimRow:
    """Map `CLAIM_COLUMNS` and `unread`; `file_change` is what was done to the claim's files since it changed itself."""
    return ClaimRow(
        id=row["id"],
        agency_id=row["agency_id"],
        claim_number=row["claim_number"],
        policy_number=row["policy_number"],
        client_id=row["client_id"],
        client_name=row["client_name"],
        insured_name=row["insured_name"],
        plate=row["plate"],
        event_date=row["event_date"],
        line=row["line"],
        kind=row["kind"],
        status=row["status"],
        open=row["is_open"],
        insurer=row["insurer"],
        insurer_name=row["insurer_name"],
        garage=row["garage"],
        garage_name=row["garage_name"],
        repair=_repair(orjson.loads(row["repair"])) if row["repair"] is not None else None,
        unread=bool(row["unread"]),
        last_activity_at=row["last_activity_at"],
        sequence=row["sequence"],
        last_change=file_change or _last_change(last_change_of(row), partners),
    )


def claim_actors(rows: Iterable[Row]) -> set[str]:
    """Give the partners that changed these claims last."""
    changes = (last_change_of(row) for row in rows)
    return {change["actor_id"] for change in changes if change and change["actor_kind"] == "partner"}


def last_change_of(row: Row) -> Mapping[str, Any] | None:
    """What happened to a claim last, as the projection wrote it."""
    text: str | None = row["last_change"]
    return _last_change_in(text) if text is not None else None


@lru_cache(maxsize=4096)
def _last_change_in(text: str) -> Mapping[str, Any]:
    """Read a last change: who did it is looked at in every row of every list, also where the row itself is not."""
    found: Mapping[str, Any] = orjson.loads(text)
    return found


def known_names(partners: Names) -> Hashable:
    """Say all that is known of partners, to compare it."""
    return tuple(sorted(partners.items()))


def activity_row(row: Row, partners: Names) -> ActivityRow:
    """Map one change."""
    return ActivityRow(
        event_id=row["event_id"],
        happening=row["happening"],
        aggregate=row["aggregate"],
        subject_id=row["subject_id"],
        sequence=row["sequence"],
        at=row["at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        actor_name=actor_name(row["actor_kind"], row["actor_id"], row["actor_name"], partners),
        changes=changed_fields(orjson.loads(row["changes"])),
        client_id=row["client_id"],
        policy_number=row["policy_number"],
        claim_number=row["claim_number"],
    )


def changed_fields(value: Iterable[Mapping[str, Any]]) -> tuple[FieldChange, ...]:
    """Map the changes of a row as the projection wrote them."""
    return tuple(FieldChange(one["field"], one.get("old"), one.get("new")) for one in value)


def document_row(row: Row) -> DocumentRow:
    """Map a file; its `client_id` is the one that the projection found when the file names none."""
    document = DocumentState.model_validate_json(row["state"])
    return DocumentRow(
        id=document.id,
        agency_id=document.agency_id,
        name=document.name,
        type=document.type.value,
        content_type=document.content_type,
        size=document.size,
        uploaded_at=document.uploaded_at,
        uploaded_by=document.uploaded_by.name or document.uploaded_by.id,
        width=document.width,
        height=document.height,
        client_id=row["client_id"],
        claim_number=document.claim_number,
        policy_number=document.policy_number,
    )


def client_state(text: str) -> Told[ClientState]:
    """Give a client by the text of his state."""
    return Told(text, lambda: ClientState.model_validate_json(text))


CONTRACT_COLUMNS = (
    as_text(ContractView.state),
    ContractView.policy_number,
    ContractView.insurer,
    ContractView.sequence,
    ContractView.last_activity_at,
)


def contract_row(row: Row) -> ContractRow:
    """Map `CONTRACT_COLUMNS`."""
    state = ContractState.model_validate_json(row["state"])
    return ContractRow(
        id=state.id,
        agency_id=state.agency_id,
        policy_number=state.policy_number,
        version=state.version,
        line=state.line.value,
        status=state.status.value,
        insurer=row["insurer"],
        insurer_name=state.insurer.name,
        client_id=state.client_id,
        client_name=state.client_name,
        plate=state.risk.plate,
        term_start=state.term_start,
        term_end=state.term_end,
        annual_premium=state.annual_premium,
        formula=state.formula,
        sequence=row["sequence"],
        last_activity_at=row["last_activity_at"],
    )


def partner_card(reference: PartnerReference, kind: str, partners: Names) -> PartnerCard:
    """Give what is known of a firm: the claim's own words first, then the partner's record."""
    known = partners.get(reference.partner_id) if reference.partner_id else None
    return PartnerCard(
        id=reference.partner_id,
        name=reference.name or (known.name if known else ""),
        kind=known.kind if known else kind,
        phone=reference.phone or (known.phone if known else ""),
        city=reference.city or (known.city if known else ""),
    )


def _repair(value: Mapping[str, Any]) -> RepairRow:
    return RepairRow(
        phase=value["phase"],
        percent=value["percent"],
        eta=date.fromisoformat(value["eta"]) if value["eta"] else None,
        slipped_days=value["slipped_days"],
        delay_reason=value["delay_reason"],
    )


def _last_change(value: Mapping[str, Any] | None, partners: Names) -> LastChange | None:
    if value is None:
        return None
    return LastChange(
        happening=value["happening"],
        by=actor_name(value["actor_kind"], value["actor_id"], value["by"], partners),
        actor_kind=value["actor_kind"],
        at=datetime.fromisoformat(value["at"]),
        changes=changed_fields(value["changes"]),
    )
