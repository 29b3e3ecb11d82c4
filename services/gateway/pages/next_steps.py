"""The line under a claim's name: what is to be done next, the costliest delay first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.gateway.pages.figures import Reader, isolated, isolated_code
from services.gateway.pages.languages import translations
from services.gateway.pages.speaking import lasts
from services.gateway.pages.words import word
from services.gateway.queries import ClaimDetail
from services.gateway.queries.needs import AT_WORK, CHEQUE_DAYS, SILENT_AFTER

_MOTOR: Final = frozenset({"motor_car", "motor_bike"})


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to do: where on the page, and until when if a day is known."""

    icon: str
    text: str
    href: str
    urgent: bool = False
    on: date | None = None


def next_steps(claim: ClaimDetail, reader: Reader) -> tuple[NextStep, ...]:
    """Give what an open claim waits for; a closed one waits for nothing."""
    if not claim.state.status.is_open:
        return ()
    return (
        *_money(claim, reader),
        *_documents(claim, reader),
        *_repair(claim, reader),
        *_people(claim, reader),
    )


def _money(claim: ClaimDetail, reader: Reader) -> Iterator[NextStep]:
    texts = translations(reader.language.code)
    cheques = [one.cheque for one in claim.state.settlement.payments if one.cheque]
    for cheque in cheques:
        number = isolated_code(cheque.number)
        if cheque.status == "bounced":
            text = texts.gettext("Cheque %(number)s bounced: ask for another") % {"number": number}
            yield NextStep("alert-triangle", text, "#settlement", urgent=True)
        elif cheque.status.awaits_maturity and cheque.matures_on:
            left = (cheque.matures_on - reader.today).days
            if left <= CHEQUE_DAYS:
                text = texts.gettext("Deposit cheque %(number)s") % {"number": number}
                yield NextStep("building-bank", text, "#settlement", urgent=left <= 0, on=cheque.matures_on)


def missing_documents(claim: ClaimDetail) -> tuple[str, ...]:
    """The types that the insurer asks for and that no file has."""
    there = {one.type for one in claim.documents}
    return tuple(one.value for one in claim.state.settlement.requested_documents if one.value not in there)


def _documents(claim: ClaimDetail, reader: Reader) -> Iterator[NextStep]:
    missing = missing_documents(claim)
    if missing:
        names = ", ".join(word(reader.language.code, "document_type", one) for one in missing)
        text = translations(reader.language.code).gettext("Send the insurer: %(documents)s") % {
            "documents": names
        }
        yield NextStep("paperclip", text, "#files")


def _repair(claim: ClaimDetail, reader: Reader) -> Iterator[NextStep]:
    texts = translations(reader.language.code)
    repair = claim.state.repair
    if repair is None:
        return
    if repair.quote and repair.quote.status == "waiting_for_approval":
        amount = repair.quote.amount
        told = (
            isolated_code(reader.money(amount, repair.quote.currency or "EUR")) if amount is not None else ""
        )
        text = texts.gettext("The estimate waits for the insurer's approval")
        yield NextStep("receipt", f"{text} ({told})" if told else text, "#repair")
    if repair.phase.value not in AT_WORK:
        return
    garage = {"garage": isolated(claim.garage.name) if claim.garage else "—"}
    if repair.eta and repair.eta < reader.today:
        text = texts.gettext("Delivery is overdue: ask %(garage)s") % garage
        yield NextStep("clock", text, "#repair", urgent=True, on=repair.eta)
    elif _silent(repair.updated_at, reader):
        text = texts.gettext("%(garage)s is silent: ask for news") % garage
        yield NextStep("wifi-off", text, "#repair")


def _silent(last: datetime, reader: Reader) -> bool:
    """Whether nothing was heard for long; by the hour, so whoever keeps what is said of it must know until when it is true."""
    since = last + SILENT_AFTER
    if reader.now > since:
        lasts(since=since + timedelta(microseconds=1))
        return True
    lasts(until=since)
    return False


def _people(claim: ClaimDetail, reader: Reader) -> Iterator[NextStep]:
    texts = translations(reader.language.code)
    state = claim.state
    if state.garage is None and state.line.value in _MOTOR and state.status not in {"settled", "part_paid"}:
        yield NextStep("car-garage", texts.gettext("Assign a garage"), "#parties")
    if state.status == "under_assessment" and state.appraiser is None:
        yield NextStep("clipboard-check", texts.gettext("Assign an appraiser"), "#parties")
    if claim.client and claim.client.address and not claim.client.address.confirmed.at:
        yield NextStep("map-pin", texts.gettext("Confirm the client's address"), "#insured")
    if state.status == "settled":
        yield NextStep("lock", texts.gettext("Everything is paid: close the claim"), "#settlement")
