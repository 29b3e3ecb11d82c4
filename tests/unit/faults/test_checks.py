"""Each check of the fault campaign can fail: one thing is made wrong, and it is told, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.faults import checks
from tests.faults.ledger import (
    Alert,
    Change,
    Due,
    Ledger,
    Logged,
    Message,
    Place,
    Receipt,
    Recovery,
    Told,
    due,
)
from tests.faults.plan import Content

TOPIC = "partners.garage-lyon.repair-updates.v1"


def place(offset: int) -> Place:
    return Place(TOPIC, 0, offset)


def message(name: str, sequence: int, content: Content = Content.GOOD, claim: str = "CL-1") -> Message:
    known = "" if content is Content.MALFORMED else name
    return Message(known, "garage-lyon", TOPIC, content, claim, "agency-fr", sequence, f"note of {name}")


@dataclass
class World:
    """A campaign that went well: a good update, its copy, a late one, another claim's, and three that are refused."""

    ledger: Ledger = field(default_factory=Ledger)
    log: list[Logged] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    histories: dict[str, list[Change]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    letters: list[tuple[str, Place]] = field(default_factory=list)

    @property
    def due(self) -> Due:
        return due(self.ledger, self.log)


BEFORE = {"CL-1": 7, "CL-2": 3}
AGENCIES = {"CL-1": "agency-fr", "CL-2": "agency-fr"}


@pytest.fixture
def world() -> World:
    sent = [
        message("a", 1),
        message("b", 2),
        message("late", 1),
        message("c", 1, claim="CL-2"),
        message("junk", 0, Content.MALFORMED),
        message("odd", 0, Content.SCHEMA),
        message("foreign", 0, Content.FOREIGN, claim="CL-9"),
    ]
    order = ["a", "b", "a", "late", "c", "junk", "odd", "foreign"]
    world = World(Ledger({one.note if not one.id else one.id: one for one in sent}))
    names = {one.id or "junk": one.id or one.note for one in sent}
    for offset, short in enumerate(order):
        world.log.append(Logged(place(offset), names[short]))
        world.ledger.acknowledge(names[short], place(offset))
    outcomes = ["accepted", "accepted", "duplicate", "stale", "accepted", "rejected", "rejected", "rejected"]
    for offset, (short, outcome) in enumerate(zip(order, outcomes, strict=True)):
        answer_to = f"record:{place(offset)}" if short == "junk" else short
        world.receipts.append(Receipt("garage-lyon", f"r{offset}", answer_to, outcome, outcome.encode()))
    world.histories = {
        "CL-1": [Change(7, "earlier"), Change(8, "note of a"), Change(9, "note of b")],
        "CL-2": [Change(4, "note of c")],
    }
    world.alerts = [
        Alert(1, "agency-fr", "CL-1", 8),
        Alert(2, "agency-fr", "CL-1", 9),
        Alert(3, "agency-fr", "CL-2", 4),
    ]
    world.letters = [("claims", place(5))]
    return world


def findings(world: World, planted: Mapping[Place, set[str]] | None = None) -> dict[str, list[str]]:
    """All checks at once, by name."""
    return {
        name: wrong
        for name, wrong in {
            "kept": checks.kept(world.ledger, world.log),
            "answered": checks.answered(world.ledger, world.due, world.receipts),
            "applied": checks.applied(world.due, BEFORE, world.histories, "claims"),
            "alerted": checks.alerted(world.due, AGENCIES, BEFORE, world.alerts, "alerts"),
            "put_aside": checks.put_aside(world.due, world.letters, planted or {}),
        }.items()
        if wrong
    }


def only(world: World, name: str) -> str:
    """The one sentence that one check found."""
    found = findings(world)
    assert set(found) == {name}, found
    (sentence,) = found[name]
    return sentence


def test_what_went_well_is_not_complained_of(world: World) -> None:
    assert findings(world) == {}
    world.receipts.append(world.receipts[0])  # delivered again, and the same
    assert findings(world) == {}


def test_a_record_that_the_broker_lost_is_found(world: World) -> None:
    del world.ledger.acknowledged[place(7)]
    world.ledger.acknowledged[place(99)] = "foreign"
    assert "partners.garage-lyon.repair-updates.v1:0:99 was acknowledged" in only(world, "kept")


def test_a_message_that_was_never_acknowledged_is_found(world: World) -> None:
    del world.ledger.acknowledged[place(1)]
    assert only(world, "kept") == "b was never acknowledged"


def test_a_record_of_nobody_is_found(world: World) -> None:
    del world.ledger.messages["foreign"]
    del world.ledger.acknowledged[place(7)]
    with pytest.raises(KeyError):
        _ = world.due  # what nobody sent has no place in the reckoning
    assert "which nobody sent" in checks.kept(world.ledger, world.log)[0]


def test_an_update_without_an_answer_is_found(world: World) -> None:
    del world.receipts[1]
    assert only(world, "answered") == "b was answered not at all, due is ['accepted']"


def test_an_update_that_is_answered_twice_is_found(world: World) -> None:
    world.receipts.append(world.receipts[1]._replace(id="another"))
    assert "b was answered ['accepted', 'accepted']" in only(world, "answered")


def test_an_answer_that_comes_again_and_differs_is_found(world: World) -> None:
    world.receipts.append(world.receipts[1]._replace(body=b"stale"))
    assert "came again and differs" in only(world, "answered")


@pytest.mark.parametrize("index", range(8))
def test_another_outcome_than_is_due_is_found(world: World, index: int) -> None:
    wrong = "stale" if world.receipts[index].outcome != "stale" else "accepted"
    world.receipts[index] = world.receipts[index]._replace(outcome=wrong)
    assert "due is" in only(world, "answered")


def test_an_answer_to_nothing_is_found(world: World) -> None:
    world.receipts.append(Receipt("garage-lyon", "r99", "ghost", "accepted", b""))
    assert only(world, "answered") == "ghost was answered and never sent"


def test_an_answer_at_another_garage_is_found(world: World) -> None:
    world.receipts[0] = world.receipts[0]._replace(garage="garage-haifa")
    assert only(world, "answered") == "garage-haifa got the answer to a of garage-lyon"


@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        ([], "lost ['note of a', 'note of b'] (2)"),
        ([Change(8, "note of b"), Change(9, "note of a")], "in another order"),
        ([Change(8, "note of a"), Change(9, "note of b"), Change(10, "note of b")], "has too much"),
        ([Change(8, "note of a"), Change(9, "note of b"), Change(10, "note of c")], "note of c"),
    ],
)
def test_a_claim_that_went_through_anything_else_is_found(
    world: World, history: Sequence[Change], sentence: str
) -> None:
    world.histories["CL-1"] = [Change(7, "earlier"), *history]
    assert sentence in only(world, "applied")


@pytest.mark.parametrize("sequences", [(9, 10), (8, 10), (8, 8)])
def test_a_history_with_a_gap_or_a_repetition_is_found(world: World, sequences: tuple[int, int]) -> None:
    world.histories["CL-1"] = [
        Change(sequence, note) for sequence, note in zip(sequences, ("note of a", "note of b"), strict=True)
    ]
    assert "gap or a repetition" in only(world, "applied")


def test_a_claim_that_the_campaign_does_not_know_is_found(world: World) -> None:
    expected = replace(world.due)
    expected.applied["CL-7"] = ["x"]
    assert checks.applied(expected, BEFORE, world.histories, "claims") == [
        "claims: CL-7 was changed by nobody"
    ]


def test_an_update_without_an_alert_is_found(world: World) -> None:
    del world.alerts[1]
    assert "CL-1 lacks alerts of [9] (1)" in only(world, "alerted")


def test_a_second_alert_is_found(world: World) -> None:
    world.alerts.append(Alert(4, "agency-fr", "CL-1", 9))
    assert "has too many of [9] (1)" in only(world, "alerted")


def test_a_position_that_is_given_twice_is_found(world: World) -> None:
    world.alerts[2] = world.alerts[2]._replace(position=1)
    assert only(world, "alerted") == "alerts: position 1 was given 2 times"


@pytest.mark.parametrize(
    "alert", [Alert(4, "agency-il", "CL-1", 8), Alert(4, "agency-fr", "CL-9", 8)], ids=["agency", "claim"]
)
def test_an_alert_that_tells_an_agency_of_anothers_claim_is_found(world: World, alert: Alert) -> None:
    world.alerts.append(alert)
    found = findings(world)
    assert set(found) == {"alerted"}
    assert "which is not its own" in found["alerted"][0]


def test_a_poison_that_is_not_put_aside_or_twice_is_found(world: World) -> None:
    world.letters = []
    assert "did not put" in only(world, "put_aside")
    world.letters = [("claims", place(5))] * 2
    assert "2 times" in only(world, "put_aside")


def test_a_good_record_among_the_dead_letters_is_found(world: World) -> None:
    world.letters.append(("gateway", place(0)))
    assert "which is good" in only(world, "put_aside")


def test_a_planted_poison_is_due_from_each_service_that_listens(world: World) -> None:
    planted = {Place("claims.events.v1", 2, 40): {"gateway", "documents"}}
    world.letters.append(("gateway", Place("claims.events.v1", 2, 40)))
    (sentence,) = findings(world, planted)["put_aside"]
    assert sentence == "documents did not put claims.events.v1:2:40 aside"


def test_a_recovery_that_takes_too_long_is_found() -> None:
    slow, quick = Recovery("kill -9 of a service, claims", 61.2), Recovery("another", 60.0)
    assert checks.recovered([quick], 60) == []
    assert checks.recovered([quick, slow], 60) == [
        "after kill -9 of a service, claims it took 61 s, 60 s are allowed"
    ]


def test_of_many_findings_the_first_are_told_and_the_rest_counted() -> None:
    assert checks.told(["x"]) == "x"
    assert checks.told(["x"] * 25).endswith("... and 15 more")


ALERTS = [
    Alert(1, "agency-fr", "CL-1", 8),
    Alert(2, "agency-il", "CL-9", 4),
    Alert(3, "agency-fr", "CL-1", 9),
]
TOLD = [
    Told(4, "alert", "CL-1"),
    Told(5, "claim-changed", "CL-1"),
    Told(6, "file-changed", ""),
    Told(12, "alert", "CL-1"),
]


def watched(*told: Told) -> list[str]:
    return checks.streamed(told, ALERTS, "agency-fr", "broker.fr")


def test_a_feed_that_told_everything_once_and_in_order_is_not_complained_of() -> None:
    assert watched(*TOLD) == []


def test_a_feed_that_told_something_again_or_in_another_order_is_found() -> None:
    assert watched(*TOLD, TOLD[-1]) == ["broker.fr was told 12 after 12"]
    assert watched(TOLD[0], TOLD[3], TOLD[1]) == ["broker.fr was told 5 after 12"]


def test_a_feed_that_left_an_alert_out_is_found_unless_it_said_that_all_is_to_be_fetched() -> None:
    assert watched(*TOLD[:3]) == ["broker.fr was not told [12] (1)"]
    assert watched(*TOLD[:3], Told(15, "resync", "")) == []


def test_a_feed_that_told_of_another_agencys_claim_is_found() -> None:
    assert watched(*TOLD[:3], Told(8, "alert", "CL-9"), TOLD[3]) == [
        "broker.fr was told of CL-9, which is not its own"
    ]
