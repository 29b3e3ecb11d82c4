"""A seed says all: the same faults and the same updates, with everything among them that has to be there."""

from __future__ import annotations

from collections import Counter

from tests.faults.plan import SECONDS, Car, Content, Kind, plan_faults, plan_updates

CARS = [
    Car("garage-lyon", "CL-1", "body", "agency-fr"),
    Car("garage-lyon", "CL-2", "paint", "agency-fr"),
    Car("garage-haifa", "CL-3", "body", "agency-il"),
]


def test_the_same_seed_gives_the_same_campaign_and_another_seed_another() -> None:
    assert plan_faults(1, 40, ["claims", "gateway"]) == plan_faults(1, 40, ["claims", "gateway"])
    assert plan_faults(1, 40, ["claims", "gateway"]) != plan_faults(2, 40, ["claims", "gateway"])
    assert plan_updates(1, 500, CARS) == plan_updates(1, 500, CARS)
    assert plan_updates(1, 500, CARS) != plan_updates(2, 500, CARS)


def test_a_longer_campaign_begins_as_the_shorter_one() -> None:
    assert plan_faults(3, 100, ["claims"])[:12] == plan_faults(3, 12, ["claims"])


def test_every_kind_of_fault_comes_before_any_comes_often() -> None:
    first = plan_faults(5, len(Kind), ["claims"])
    assert {one.kind for one in first} == set(Kind)
    for one in plan_faults(5, 200, ["claims", "gateway-2"]):
        low, high = SECONDS.get(one.kind, (0.0, 0.0))
        assert low <= one.seconds <= high
        assert bool(one.target) == (one.kind in {Kind.KILL_SERVICE, Kind.FREEZE})


def test_updates_have_copies_late_ones_and_poison_of_each_sort() -> None:
    updates = plan_updates(7, 5000, CARS)
    assert len(updates) == 5000
    assert {one.content for one in updates} == set(Content)
    copies = [(one, updates[one.repeats]) for one in updates if one.repeats is not None]
    assert 50 < len(copies) < 300
    assert all(copy._replace(repeats=None) == original for copy, original in copies)
    late = 0
    highest: Counter[str] = Counter()
    for one in updates:
        if one.content is Content.GOOD and one.repeats is None:
            late += one.order < highest[one.car.claim_number]
            highest[one.car.claim_number] = max(highest[one.car.claim_number], one.order)
    assert 50 < late < 300


def test_a_foreign_update_is_sent_by_a_garage_that_does_not_have_the_claim() -> None:
    owners = {one.claim_number: one.garage for one in CARS}
    foreign = [one for one in plan_updates(7, 5000, CARS) if one.content is Content.FOREIGN]
    assert foreign
    assert all(owners[one.car.claim_number] != one.car.garage for one in foreign)
    good = [one for one in plan_updates(7, 5000, CARS) if one.content is Content.GOOD]
    assert all(owners[one.car.claim_number] == one.car.garage for one in good)
