"""What must be true after the campaign. Each check is a pure function that gives one sentence per thing that is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from services.gateway.live.events import EVENTS_PER_ALERT
from tests.faults.ledger import Alert, Change, Due, Ledger, Logged, Place, Receipt, Recovery, Told

MOST_TOLD: Final = 10
"""Sentences per check: the first of thousands say the same as all."""

RESYNC: Final = "resync"


def kept(ledger: Ledger, log: Sequence[Logged]) -> list[str]:
    """The broker has every record that it acknowledged, where it said, and nobody else's."""
    there = {one.place: one.name for one in log}
    wrong = [
        f"{place} was acknowledged for {name} and has {there.get(place, 'nothing')}"
        for place, name in ledger.acknowledged.items()
        if there.get(place) != name
    ]
    acknowledged = set(ledger.acknowledged.values())
    wrong += [f"{name} was never acknowledged" for name in ledger.messages if name not in acknowledged]
    wrong += [
        f"{one.place} has {one.name}, which nobody sent" for one in log if one.name not in ledger.messages
    ]
    return wrong


def answered(ledger: Ledger, expected: Due, receipts: Sequence[Receipt]) -> list[str]:
    """Every record is answered once, as is due, and only to who sent it; an answer that came again is the same."""
    first: dict[str, Receipt] = {}
    wrong = []
    for one in receipts:
        known = first.setdefault(one.id, one)
        if known.body != one.body:
            wrong.append(f"receipt {one.id} of {one.message_id} came again and differs")
    outcomes: dict[str, list[str]] = defaultdict(list)
    for one in first.values():
        outcomes[one.message_id].append(one.outcome)
    for message_id, wanted in expected.answers.items():
        told = outcomes.get(message_id, [])
        if Counter(told) != Counter(wanted):
            wrong.append(f"{message_id} was answered {told or 'not at all'}, due is {wanted}")
    wrong += [f"{one} was answered and never sent" for one in outcomes if one not in expected.answers]
    senders = {message.id: message.garage for message in ledger.messages.values() if message.id}
    wrong += [
        f"{one.garage} got the answer to {one.message_id} of {senders[one.message_id]}"
        for one in first.values()
        if senders.get(one.message_id, one.garage) != one.garage
    ]
    return wrong


def applied(
    expected: Due, before: Mapping[str, int], histories: Mapping[str, Sequence[Change]], where: str
) -> list[str]:
    """Each claim went through exactly its accepted updates, in their order, and through nothing else."""
    wrong = []
    for claim, start in before.items():
        changes = [one for one in histories.get(claim, ()) if one.sequence > start]
        sequences = [one.sequence for one in changes]
        if sequences != list(range(start + 1, start + 1 + len(changes))):
            gap = next((two for one, two in pairwise([start, *sequences]) if two != one + 1), None)
            wrong.append(f"{where}: {claim} has a gap or a repetition in its history before {gap}")
        notes, wanted = [one.note for one in changes], expected.applied.get(claim, [])
        if notes != list(wanted):
            wrong.append(f"{where}: {claim} {_difference(notes, wanted)}")
    wrong += [f"{where}: {claim} was changed by nobody" for claim in expected.applied if claim not in before]
    return wrong


def _difference(found: Sequence[str], wanted: Sequence[str]) -> str:
    missing, surplus = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    if missing or surplus:
        return f"lost {sorted(missing)[:3]} ({missing.total()}), has too much {sorted(surplus)[:3]} ({surplus.total()})"
    return "went through its updates in another order"


def alerted(
    expected: Due,
    claim_agencies: Mapping[str, str],
    before: Mapping[str, int],
    alerts: Sequence[Alert],
    where: str,
) -> list[str]:
    """Each accepted update raised one alert, in its claim's agency and no other; positions have no gap."""
    wrong = []
    told: dict[str, list[int]] = defaultdict(list)
    for one in alerts:
        if one.agency != claim_agencies.get(one.claim_number):
            wrong.append(f"{where}: {one.agency} was told of {one.claim_number}, which is not its own")
        told[one.claim_number].append(one.claim_sequence)
    for claim, start in before.items():
        wanted = range(start + 1, start + 1 + len(expected.applied.get(claim, [])))
        missing, surplus = Counter(wanted) - Counter(told[claim]), Counter(told[claim]) - Counter(wanted)
        if missing or surplus:
            wrong.append(
                f"{where}: {claim} lacks alerts of {sorted(missing)[:3]} ({missing.total()}), has too many of"
                f" {sorted(surplus)[:3]} ({surplus.total()})"
            )
    positions = Counter(one.position for one in alerts)
    wrong += [
        f"{where}: position {one} was given {count} times" for one, count in positions.items() if count > 1
    ]
    return wrong


def streamed(told: Sequence[Told], alerts: Sequence[Alert], agency: str, who: str) -> list[str]:
    """A browser that came back whenever its gateway died was told of each alert of its agency once, in order, and of no other.

    Where it was told to fetch everything anew (`resync`), what was to be told one by one before that may be missing.
    """
    own = {one.position * EVENTS_PER_ALERT: one.claim_number for one in alerts if one.agency == agency}
    claims = set(own.values())
    wrong = [
        f"{who} was told of {one.claim_number}, which is not its own"
        for one in told
        if one.claim_number and one.claim_number not in claims
    ]
    ids = [one.id for one in told if one.name != RESYNC]
    wrong += [f"{who} was told {two} after {one}" for one, two in pairwise(ids) if two <= one]
    missing = sorted(own.keys() - set(ids))
    if missing and not any(one.name == RESYNC for one in told):
        wrong.append(f"{who} was not told {missing[:3]} ({len(missing)})")
    return wrong


def put_aside(
    expected: Due, letters: Iterable[tuple[str, Place]], planted: Mapping[Place, set[str]]
) -> list[str]:
    """Dead letters (service, place of the original) are those that are due, once each: nothing good is among them."""
    found = Counter(letters)
    wanted = {("claims", place) for place in expected.put_aside}
    wanted |= {(service, place) for place, services in planted.items() for service in services}
    wrong = [f"{service} did not put {place} aside" for service, place in wanted - found.keys()]
    wrong += [f"{service} put {place} aside, which is good" for service, place in found.keys() - wanted]
    wrong += [
        f"{service} put {place} aside {count} times" for (service, place), count in found.items() if count > 1
    ]
    return wrong


def recovered(recoveries: Sequence[Recovery], bound: float) -> list[str]:
    """After every fault everything worked again by itself, within the bound."""
    return [
        f"after {one.fault} it took {one.seconds:.0f} s, {bound:.0f} s are allowed"
        for one in recoveries
        if one.seconds > bound
    ]


def told(wrong: Sequence[str]) -> str:
    """The first findings, and how many more there are."""
    more = len(wrong) - MOST_TOLD
    return "\n".join([*wrong[:MOST_TOLD], *([f"... and {more} more"] if more > 0 else [])])
