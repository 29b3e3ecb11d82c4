"""What needs somebody today, from the open claims and the alerts: cheques, slipped promises, silent garages.

Ordered by the cost of delay: money first, then vehicles that are late, then garages that went quiet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.gateway.pages.alert_texts import CHEQUE_MATURING
from services.gateway.pages.figures import Reader
from services.gateway.queries import AlertRow, ClaimRow

SILENT_AFTER: Final = timedelta(days=5)
"""A garage that reported nothing for this long is asked (pages.md: "garage quiet for 6 days")."""

_AT_WORK: Final = frozenset(
    {
        "assigned", "booked", "arrived", "estimating", "awaiting_authorisation", "authorised", "teardown",
        "supplement_sent", "supplement_approved", "parts_ordered", "body", "paint", "reassembly", "quality_control",
    }
)  # fmt: skip
_SHOWN: Final = 6


@dataclass(frozen=True, slots=True)
class ChequeDue:
    """A cheque that matures soon, as its warning told."""

    alert: AlertRow
    matures_on: date
    amount: str
    currency: str
    number: str


@dataclass(frozen=True, slots=True)
class SilentGarage:
    """A garage that reports nothing, with the vehicles it keeps quiet about; `since` is the longest silence."""

    garage: str
    name: str
    claims: tuple[ClaimRow, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Needs:
    """The lists of the home page; `*_total` counts all, the lists hold the first few."""

    cheques: tuple[ChequeDue, ...]
    late: tuple[ClaimRow, ...]
    late_total: int
    silent: tuple[SilentGarage, ...]
    silent_total: int
    phases: tuple[tuple[str, int], ...]

    @property
    def nothing(self) -> bool:
        """Whether nothing waits for anybody."""
        return not (self.cheques or self.late or self.silent)


def needs_of(claims: Sequence[ClaimRow], alerts: Sequence[AlertRow], reader: Reader) -> Needs:
    """Sort what is open into what needs somebody."""
    late = sorted(
        (one for one in claims if _is_late(one, reader.today)),
        key=lambda one: one.repair.eta if one.repair and one.repair.eta else reader.today,
    )
    silent = _by_garage([one for one in claims if _is_silent(one, reader)])
    phases = Counter(one.repair.phase for one in claims if one.repair)
    return Needs(
        cheques=_cheques(alerts, reader.today),
        late=tuple(late[:_SHOWN]),
        late_total=len(late),
        silent=silent[:_SHOWN],
        silent_total=len(silent),
        phases=tuple(sorted(phases.items(), key=lambda one: -one[1])),
    )


def _is_late(claim: ClaimRow, today: date) -> bool:
    repair = claim.repair
    return (
        repair is not None
        and repair.phase in _AT_WORK
        and repair.eta is not None
        and (repair.eta < today or repair.slipped_days > 0)
    )


def _is_silent(claim: ClaimRow, reader: Reader) -> bool:
    repair = claim.repair
    return (
        repair is not None and repair.phase in _AT_WORK and reader.now - claim.last_activity_at > SILENT_AFTER
    )


def _by_garage(claims: Sequence[ClaimRow]) -> tuple[SilentGarage, ...]:
    """One call to a garage settles all its vehicles, so the garage is what needs somebody."""
    garages: dict[str, list[ClaimRow]] = {}
    for claim in sorted(claims, key=lambda one: one.last_activity_at):
        garages.setdefault(claim.garage or "", []).append(claim)
    found = [
        SilentGarage(garage, rows[0].garage_name, tuple(rows), rows[0].last_activity_at)
        for garage, rows in garages.items()
        if garage
    ]
    return tuple(sorted(found, key=lambda one: one.since))


def _cheques(alerts: Sequence[AlertRow], today: date) -> tuple[ChequeDue, ...]:
    found: dict[tuple[str | None, str], ChequeDue] = {}
    for alert in alerts:
        if alert.kind != CHEQUE_MATURING or not alert.params.get("matures_on"):
            continue
        params = alert.params
        matures_on = date.fromisoformat(str(params["matures_on"])[:10])
        number = str(params.get("number", ""))
        if matures_on >= today:
            due = ChequeDue(
                alert, matures_on, str(params.get("amount") or ""), str(params.get("currency") or ""), number
            )
            found.setdefault((alert.claim_number, number), due)
    return tuple(sorted(found.values(), key=lambda one: one.matures_on))
