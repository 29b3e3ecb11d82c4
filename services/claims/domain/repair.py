"""The repair: which phase may follow which, and what a garage's report makes of it.

Garages report what suits them, so every step forward is legal, however many phases it skips. Steps back are legal
where the trade knows them:

| from | back to | why |
|---|---|---|
| booked | assigned | the appointment is cancelled |
| arrived .. authorised | booked, arrived | the car was seen and went home until the repair begins |
| awaiting_authorisation, authorised | estimating, awaiting_authorisation | the estimate is asked for again |
| teardown, supplement_sent | estimating .. teardown | opening up showed more than the estimate knew |
| supplement_approved .. quality_control | teardown, supplement_sent, supplement_approved | hidden damage |
| parts_ordered | booked, arrived | the car drives until its parts are there |
| body .. ready | parts_ordered | a part is missing, wrong or broken |
| paint .. ready | body, paint, reassembly, quality_control | rework |

Nothing follows delivered, cancelled and total_loss but the same phase again (a note, a corrected figure). The first
report on a claim may name any phase: the garage may have worked before it was told to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.claims.domain.transitions import illegal
from shared.contracts.claims import Repair, RepairPromise, RepairQuote, RepairStep
from shared.contracts.codes import RepairPhase
from shared.contracts.partners import RepairUpdate, RepairUpdateQuote

ORDER: Final = (
    RepairPhase.ASSIGNED,
    RepairPhase.BOOKED,
    RepairPhase.ARRIVED,
    RepairPhase.ESTIMATING,
    RepairPhase.AWAITING_AUTHORISATION,
    RepairPhase.AUTHORISED,
    RepairPhase.TEARDOWN,
    RepairPhase.SUPPLEMENT_SENT,
    RepairPhase.SUPPLEMENT_APPROVED,
    RepairPhase.PARTS_ORDERED,
    RepairPhase.BODY,
    RepairPhase.PAINT,
    RepairPhase.REASSEMBLY,
    RepairPhase.QUALITY_CONTROL,
    RepairPhase.READY,
    RepairPhase.DELIVERED,
)
"""The way a repair usually goes."""

ENDED: Final = frozenset({RepairPhase.DELIVERED, RepairPhase.CANCELLED, RepairPhase.TOTAL_LOSS})
"""Phases that nothing follows."""

KEPT: Final = 50
"""Steps and promises that the state carries, newest last; the history keeps all. A state must stay small."""

STEP_NOTE: Final = 200
"""Characters of a note that stay with its step; the whole note is the repair's until the next one, then the history's."""

_HOME: Final = frozenset({RepairPhase.BOOKED, RepairPhase.ARRIVED})
_SUPPLEMENT: Final = frozenset({RepairPhase.SUPPLEMENT_SENT, RepairPhase.SUPPLEMENT_APPROVED})
_PARTS: Final = frozenset({RepairPhase.PARTS_ORDERED})
_REWORK: Final = frozenset(
    {RepairPhase.BODY, RepairPhase.PAINT, RepairPhase.REASSEMBLY, RepairPhase.QUALITY_CONTROL}
)
_ESTIMATE: Final = frozenset(
    {RepairPhase.ESTIMATING, RepairPhase.AWAITING_AUTHORISATION, RepairPhase.AUTHORISED}
)
_OPENED: Final = frozenset({RepairPhase.TEARDOWN}) | _SUPPLEMENT

BACK: Final[Mapping[RepairPhase, frozenset[RepairPhase]]] = {
    RepairPhase.BOOKED: frozenset({RepairPhase.ASSIGNED}),
    RepairPhase.ARRIVED: _HOME,
    RepairPhase.ESTIMATING: _HOME,
    RepairPhase.AWAITING_AUTHORISATION: _HOME | _ESTIMATE,
    RepairPhase.AUTHORISED: _HOME | _ESTIMATE,
    RepairPhase.TEARDOWN: _ESTIMATE,
    RepairPhase.SUPPLEMENT_SENT: _ESTIMATE | _OPENED,
    RepairPhase.SUPPLEMENT_APPROVED: _OPENED,
    RepairPhase.PARTS_ORDERED: _HOME | _OPENED,
    RepairPhase.BODY: _OPENED | _PARTS,
    RepairPhase.PAINT: _OPENED | _PARTS | _REWORK,
    RepairPhase.REASSEMBLY: _OPENED | _PARTS | _REWORK,
    RepairPhase.QUALITY_CONTROL: _OPENED | _PARTS | _REWORK,
    RepairPhase.READY: _PARTS | _REWORK,
}
"""Steps back that the trade knows (the table above); a phase that stands later in `ORDER` is a step forward."""

_POSITION: Final = {phase: position for position, phase in enumerate(ORDER)}


def may_follow(current: RepairPhase | None, following: RepairPhase) -> bool:
    """Say whether a repair in `current` (None: nothing is known yet) may go to `following`."""
    if current is None or current is following:
        return True
    if current in ENDED:
        return False
    if following in ENDED:
        return True
    return _POSITION[following] > _POSITION[current] or following in BACK.get(current, frozenset())


def begun(at: datetime) -> Repair:
    """Give the repair as it stands when the desk assigns a garage that has not spoken yet."""
    return Repair(
        phase=RepairPhase.ASSIGNED, steps=(RepairStep(phase=RepairPhase.ASSIGNED, at=at),), updated_at=at
    )


def progressed(repair: Repair | None, update: RepairUpdate, *, at: datetime, occurred_at: datetime) -> Repair:
    """Apply a garage's report; gives the same object when it says nothing new.

    What the report leaves out stays as it was. `percent` is taken as the garage says it, even when it falls without
    a step back: it is the garage's own estimate, and holding the old figure would show what nobody says.
    Raises `illegal_transition`.
    """
    current = repair.phase if repair is not None else None
    if current is not None and not may_follow(current, update.phase):
        raise illegal("the repair", current, update.phase, "phase")
    known = repair if repair is not None else Repair(phase=update.phase, updated_at=at)
    happened_at = min(occurred_at, at)  # a clock that runs ahead must not put steps into the future
    eta = update.eta if update.eta is not None else known.eta
    said = {
        "phase": update.phase,
        "percent": _percent(known, update),
        "eta": eta,
        "delay_reason": _delay_reason(known, update),
        "quote": _quote(known.quote, update.quote),
        "note": update.note if update.note is not None else known.note,
        "steps": _steps(known, update, happened_at, entered=current is not update.phase),
        "promises": _promises(known, update, happened_at),
    }
    if repair is not None and all(getattr(repair, name) == value for name, value in said.items()):
        return repair
    return known.model_copy(update={**said, "updated_at": at})


def _percent(known: Repair, update: RepairUpdate) -> int:
    if update.percent is not None:
        return update.percent
    return 100 if update.phase is RepairPhase.DELIVERED else known.percent


def _delay_reason(known: Repair, update: RepairUpdate) -> object:
    """A new date without a reason clears the reason: it explained the date before."""
    if update.delay_reason is not None:
        return update.delay_reason
    return None if _promises_anew(known, update) else known.delay_reason


def _quote(known: RepairQuote | None, said: RepairUpdateQuote | None) -> RepairQuote | None:
    """A status without an amount ("approved") speaks of the amount that is known."""
    if said is None:
        return known
    if said.amount is None and known is not None:
        return known.model_copy(update={"status": said.status})
    return RepairQuote(status=said.status, amount=said.amount, currency=said.currency)


def _steps(known: Repair, update: RepairUpdate, at: datetime, *, entered: bool) -> tuple[RepairStep, ...]:
    if not entered:
        return known.steps
    return (*known.steps, RepairStep(phase=update.phase, at=at, note=(update.note or "")[:STEP_NOTE]))[-KEPT:]


def _promises_anew(known: Repair, update: RepairUpdate) -> bool:
    return update.eta is not None and update.eta != known.eta


def _promises(known: Repair, update: RepairUpdate, at: datetime) -> tuple[RepairPromise, ...]:
    """Each changed date is kept with when it was given and why; a reason that comes later joins its date."""
    if update.eta is not None and update.eta != known.eta:
        promise = RepairPromise(eta=update.eta, given_at=at, delay_reason=update.delay_reason)
        return (*known.promises, promise)[-KEPT:]
    if update.delay_reason is not None and known.promises and known.promises[-1].delay_reason is None:
        return (
            *known.promises[:-1],
            known.promises[-1].model_copy(update={"delay_reason": update.delay_reason}),
        )
    return known.promises
