"""The columns of a claim's row: what lists filter, sort, count and search by, made from its state."""

from __future__ import annotations

from typing import Any, Final

from orjson import Fragment

from services.gateway.search.folding import agency_token, fold, search_text
from shared.contracts.claims import ClaimState, Repair
from shared.contracts.codes import AppraisalStatus
from shared.contracts.envelope import ChangeData, CloudEvent
from shared.contracts.events import happening_of
from shared.contracts.policy import PartnerReference

_VISIT_TO_COME: Final = frozenset({AppraisalStatus.ASSIGNED, AppraisalStatus.SCHEDULED})


def last_change(event: CloudEvent[ChangeData[ClaimState]]) -> dict[str, Any]:
    """What lists say of the newest change; of very many changed fields the first."""
    return {
        "happening": happening_of(event.type),
        "by": event.data.actor.name or event.data.actor.id,
        "actor_id": event.data.actor.id,
        "actor_kind": event.data.actor.kind,
        "at": event.time.isoformat(),
        "changes": [change.model_dump(mode="json") for change in event.data.changes][:20],
    }


def state_columns(state: ClaimState) -> dict[str, Any]:
    """Every column that follows from the state alone."""
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
        "state": Fragment(state.model_dump_json()),
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
