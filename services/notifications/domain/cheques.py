"""The warning before a cheque matures (domain.md, 23): Israeli cheques are often post-dated.

Rules:
- A cheque is known by claim, payment reference and its own number: a replacement with another number is another
  cheque, warned of on its own; the clock of the one that it replaces is cancelled.
- It is warned of while its paper still waits (announced, received). Deposited, cleared, replaced, cancelled and
  bounced cheques are not: a bounced one has matured, and its bouncing is a change that raises its own alert. When
  it is presented anew with a later date, that date is warned of like any other.
- It is due at local midnight, `cheque_warning_days` of the agency before the maturity date; when that is past
  already, at once. A late warning is still given, with the days that are left (negative: matured since), except
  for loaded history whose cheque has matured: nobody needs an alert on the past.
- After a warning: `derive` in clocks.py.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from services.notifications.domain.alerts import AUDIENCE, AlertDraft
from services.notifications.domain.clocks import AgencyRules, Firing, WantedClock, start_of_day
from shared.contracts.claims import Cheque, ClaimState, Payment
from shared.contracts.envelope import Actor

CHEQUE_MATURING: Final = "cheque-maturing"
CLOCK_ACTOR: Final = Actor(kind="system", id="clock")


def wanted_warnings(claim: ClaimState, agency: AgencyRules) -> list[WantedClock]:
    """The warnings that this claim's cheques ask for."""
    wanted: dict[str, WantedClock] = {}
    for payment in claim.settlement.payments:
        cheque = payment.cheque
        if cheque is None or cheque.matures_on is None or not cheque.status.awaits_maturity:
            continue
        clock = _warning(claim, payment, cheque, cheque.matures_on, agency)
        wanted.setdefault(clock.subject, clock)
    return list(wanted.values())


def _warning(
    claim: ClaimState, payment: Payment, cheque: Cheque, matures_on: date, agency: AgencyRules
) -> WantedClock:
    return WantedClock(
        subject="/".join(_escaped(part) for part in (claim.id, payment.reference, cheque.number)),
        due_at=start_of_day(matures_on, agency.zone, days_before=agency.cheque_warning_days),
        occasion=matures_on.isoformat(),
        payload={
            "claim_number": claim.claim_number,
            "policy_number": claim.policy_number,
            "client_id": claim.client_id,
            "client_name": claim.client_name,
            "params": {
                "number": cheque.number,
                "bank": cheque.bank,
                "amount": format(payment.amount, "f"),
                "currency": payment.currency,
                "matures_on": matures_on.isoformat(),
                "payee": payment.payee,
                "reference": payment.reference,
            },
        },
        ends_at=start_of_day(matures_on, agency.zone, days_before=-1),
    )


def _escaped(part: str) -> str:
    """Keep the parts of a subject apart whatever partners call their payments."""
    return part.strip().replace("%", "%25").replace("/", "%2F")


def warning_alert(firing: Firing) -> AlertDraft:
    """The alert of a warning whose time has come."""
    params = dict(firing.payload["params"])
    matures_on = date.fromisoformat(params["matures_on"])
    params["days"] = (matures_on - firing.now.astimezone(firing.agency.zone).date()).days
    return AlertDraft(
        cause=firing.cause,
        agency_id=firing.agency_id,
        kind=CHEQUE_MATURING,
        params=params,
        roles=AUDIENCE,
        aggregate="claim",
        subject_id=firing.source_id,
        subject_sequence=firing.source_sequence,
        claim_number=firing.payload["claim_number"],
        policy_number=firing.payload["policy_number"],
        client_id=firing.payload["client_id"],
        client_name=firing.payload["client_name"],
        actor=CLOCK_ACTOR,
        at=firing.now,
    )
