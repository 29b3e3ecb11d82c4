"""The read model: any order and any repetition of events give the same rows; what is unread, and what changed."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.gateway.models import Activity, ClaimView, ClientView
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ClaimStatus, RepairPhase
from shared.contracts.envelope import Actor
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from tests.integration.gateway.frame import (
    GARAGE,
    IMPORT,
    Desk,
    Person,
    claim,
    client,
    contract,
    document,
    repair,
)

INSURER = Actor(kind="partner", id="insurer-alpha")


async def rows_of(desk: Desk, agency: str) -> list[dict[str, Any]]:
    async with desk.database.read(EVERY_AGENCY) as session:
        views = (await session.scalars(select(ClaimView).where(ClaimView.agency_id == agency))).all()
        names = [column.name for column in ClaimView.__table__.columns if column.name != "row"]
        return [{name: getattr(one, name) for name in names} for one in views]


async def listed(person: Person, **parameters: str) -> dict[str, dict[str, Any]]:
    answer = await person.http.get("/api/v1/claims", params={"state": "all", **parameters})
    assert answer.status_code == 200, answer.text
    return {one["claim_number"]: one for one in answer.json()["items"]}


async def is_unread(person: Person, state: ClaimState) -> bool:
    found: bool = (await listed(person))[state.claim_number]["unread"]
    return found


async def changed(person: Person, state: ClaimState) -> dict[str, tuple[Any, Any]]:
    answer = await person.http.get(f"/api/v1/claims/{state.claim_number}")
    return {one["field"]: (one["old"], one["new"]) for one in answer.json()["changed"]}


async def see(person: Person, state: ClaimState) -> None:
    assert (await person.http.post(f"/api/v1/claims/{state.claim_number}/seen")).status_code == 200


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), repeated=st.lists(st.integers(0, 7), max_size=4))
async def test_events_in_any_order_and_number_give_the_same_row(
    desk: Desk, order: list[int], repeated: list[int]
) -> None:
    agencies = [await desk.agency(new_id()), await desk.agency(new_id())]
    for agency, sequence in zip(agencies, (list(range(8)), [*order, *repeated]), strict=True):
        events = _history(desk, agency)
        for index in sequence:
            await desk.take(events[index])

    straight, shuffled = [await rows_of(desk, agency) for agency in agencies]
    ignored = {"agency_id", "id", "claim_number", "client_id", "agency_token", "state", "search_text"}
    assert len(straight) == len(shuffled) == 1
    for name in straight[0].keys() - ignored:
        assert straight[0][name] == shuffled[0][name], name
    assert straight[0]["state"]["status"] == shuffled[0]["state"]["status"]
    async with desk.database.read(EVERY_AGENCY) as session:
        counts = [
            await session.scalar(
                select(func.count()).select_from(Activity).where(Activity.agency_id == agency)
            )
            for agency in agencies
        ]
    assert counts == [8, 8]


def _history(desk: Desk, agency: str) -> list[dict[str, Any]]:
    """Seven versions of a claim by different people, and a file."""
    at = desk.clock.now()
    rng = random.Random(7)
    actors = [IMPORT, GARAGE, INSURER, GARAGE, Actor(kind="user", id="u1", name="Una"), INSURER, IMPORT]
    state = claim(agency, at, sequence=1)
    events = []
    for number, actor in enumerate(actors, start=1):
        new = state.model_copy(
            update={
                "sequence": number,
                "status": rng.choice(list(ClaimStatus)),
                "updated_at": at + timedelta(hours=number),
            }
        )
        events.append(
            desk.event("claim-status-changed", new, old=state, actor=actor, at=at + timedelta(hours=number))
        )
        state = new
    paper = _document_event(desk, agency, state, at + timedelta(hours=3, minutes=30))
    return [*events, paper]


def _document_event(desk: Desk, agency: str, state: ClaimState, at: Any) -> dict[str, Any]:
    return desk.event(
        "document-added",
        document(agency, at, GARAGE, claim_number=state.claim_number),
        actor=GARAGE,
        at=at,
    )


async def test_a_claim_that_is_new_is_unread_until_it_is_opened(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)

    assert await is_unread(person, state)
    await see(person, state)
    assert not await is_unread(person, state)


async def test_reading_a_claim_by_the_api_marks_nothing(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)

    await person.http.get(f"/api/v1/claims/{state.claim_number}")

    assert await is_unread(person, state)


async def test_what_happened_before_the_account_was_made_is_read(desk: Desk) -> None:
    agency = await desk.agency()
    state = await desk.add_claim(agency)
    person = await desk.person(agency)

    assert not await is_unread(person, state)
    assert await changed(person, state) == {}
    state = await desk.progress(state, repair=repair(RepairPhase.BODY, desk.clock.now(), 60))
    assert await is_unread(person, state)


async def test_imported_history_makes_nothing_unread(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency, actor=IMPORT)
    state = await desk.progress(state, IMPORT, repair=repair(RepairPhase.BODY, desk.clock.now(), 60))
    await desk.add_document(agency, IMPORT, claim_number=state.claim_number)

    assert not await is_unread(person, state)
    assert await changed(person, state) == {}


async def test_my_own_change_is_not_news_to_me_but_to_my_colleague(desk: Desk) -> None:
    agency = await desk.agency()
    me, colleague = await desk.person(agency), await desk.person(agency)
    state = await desk.add_claim(agency, actor=IMPORT)

    state = await desk.progress(state, me.actor, status=ClaimStatus.APPROVED)

    assert not await is_unread(me, state)
    assert await changed(me, state) == {}
    assert await is_unread(colleague, state)
    assert await changed(colleague, state) == {"status": ("registered", "approved")}


async def test_my_own_change_does_not_hide_what_another_did_before(desk: Desk) -> None:
    agency = await desk.agency()
    me = await desk.person(agency)
    state = await desk.add_claim(agency, actor=IMPORT)
    await see(me, state)

    state = await desk.progress(state, GARAGE, repair=repair(RepairPhase.PAINT, desk.clock.now(), 80))
    state = await desk.progress(state, me.actor, status=ClaimStatus.APPROVED)
    state = await desk.progress(state, me.actor, status=ClaimStatus.PAYMENT_PENDING)

    assert await is_unread(me, state)
    assert (await changed(me, state))["repair.phase"] == ("assigned", "paint")
    assert "status" not in await changed(me, state)
    await see(me, state)
    assert not await is_unread(me, state)


async def test_changes_since_the_mark_are_folded_into_one_per_field(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    at = desk.clock.now()
    state = await desk.add_claim(agency, repair=repair(RepairPhase.BODY, at, 40, date(2026, 11, 28)))
    await see(person, state)

    state = await desk.progress(state, repair=repair(RepairPhase.PAINT, at, 60, date(2026, 11, 30)))
    state = await desk.progress(
        state, INSURER, repair=repair(RepairPhase.BODY, at, 70, date(2026, 11, 28), date(2026, 12, 2))
    )

    assert await changed(person, state) == {
        "repair.eta": ("2026-11-28", "2026-12-02"),
        "repair.percent": (40, 70),
    }
    row = (await listed(person))[state.claim_number]
    assert row["repair"] == {
        "phase": "body",
        "percent": 70,
        "eta": "2026-12-02",
        "slipped_days": 4,
        "delay_reason": None,
    }


async def test_a_file_makes_its_claim_unread_and_says_so(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    await see(person, state)
    await desk.add_document(agency, claim_number=state.claim_number, name="before.jpg")
    assert await is_unread(person, state)
    assert await changed(person, state) == {"files": (None, "before.jpg")}

    await see(person, state)
    assert not await is_unread(person, state)
    await desk.add_document(agency, person.actor, claim_number=state.claim_number, name="mine.jpg")
    assert not await is_unread(person, state)
    await desk.add_document(agency, claim_number=state.claim_number, name="after.jpg")
    assert await changed(person, state) == {"files": (None, "after.jpg")}


async def test_a_file_that_comes_before_its_claim_still_marks_it(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    await desk.add_document(agency, claim_number="CL-2026-000900")

    state = await desk.add_claim(agency, actor=IMPORT, claim_number="CL-2026-000900")

    assert await is_unread(person, state)


async def test_marks_of_one_user_are_not_those_of_another(desk: Desk) -> None:
    agency = await desk.agency()
    one, other = await desk.person(agency), await desk.person(agency)
    state = await desk.add_claim(agency)

    await see(one, state)

    assert not await is_unread(one, state)
    assert await is_unread(other, state)


async def test_seeing_an_older_version_twice_does_no_harm(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    await see(person, state)
    await see(person, state)
    state = await desk.progress(state, status=ClaimStatus.APPROVED)
    assert await is_unread(person, state)


async def test_the_history_names_partners_and_stands_newest_first(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    await desk.partner("garage-lyon")
    state = await desk.add_claim(agency)
    state = await desk.progress(state, status=ClaimStatus.APPROVED)

    answer = (await person.http.get(f"/api/v1/claims/{state.claim_number}")).json()

    assert [one["happening"] for one in answer["history"]] == ["repair-progressed", "claim-registered"]
    assert answer["history"][0]["by"] == "Firm garage-lyon"
    assert answer["history"][0]["changes"] == [{"field": "status", "old": "registered", "new": "approved"}]
    assert answer["firms"]["garage"]["phone"] == ""
    assert answer["sequence"] == 2


async def test_a_client_is_replaced_by_its_newest_state_only(desk: Desk) -> None:
    agency = await desk.agency()
    old = client(agency, desk.clock.now())
    new = old.model_copy(update={"name": "Hélène Martin", "sequence": 2})

    await desk.take(desk.event("client-corrected", new, old=old))
    await desk.take(desk.event("client-registered", old))

    async with desk.database.read(EVERY_AGENCY) as session:
        rows = (await session.scalars(select(ClientView).where(ClientView.agency_id == agency))).all()
    assert [row.name for row in rows] == ["Hélène Martin"]


async def test_the_client_page_is_one_answer(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    owner = client(agency, desk.clock.now())
    policy = contract(agency, desk.clock.now(), owner)
    await desk.take(desk.event("client-registered", owner), desk.event("contract-registered", policy))
    state = await desk.add_claim(agency, client_id=owner.id)
    await desk.add_document(agency, claim_number=state.claim_number)
    await desk.add_document(agency, policy_number=policy.policy_number, name="signed.pdf")

    page = (await person.http.get(f"/api/v1/clients/{owner.id}")).json()

    assert page["client"]["name"] == "Hélène Dupont"
    assert [one["policy_number"] for one in page["contracts"]] == ["4501-889231"]
    assert [one["claim_number"] for one in page["claims"]] == [state.claim_number]
    assert {one["name"] for one in page["files"]} == {"damage.jpg", "signed.pdf"}
    assert {one["happening"] for one in page["activity"]} == {
        "client-registered",
        "contract-registered",
        "claim-registered",
        "document-added",
    }
    one = (await person.http.get(f"/api/v1/contracts/{policy.policy_number}")).json()
    assert one["contract"]["annual_premium"] == {"amount": "640.00", "currency": "EUR"}
    assert [each["name"] for each in one["files"]] == ["signed.pdf"]
    assert [each["claim_number"] for each in one["claims"]] == [state.claim_number]


async def test_a_removed_file_is_gone_and_a_late_event_does_not_bring_it_back(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    paper = await desk.add_document(agency, claim_number=state.claim_number)
    gone = paper.model_copy(update={"removed": True, "sequence": 3})

    await desk.take(desk.event("document-removed", gone, old=paper))
    await desk.take(desk.event("document-changed", paper.model_copy(update={"sequence": 2})))

    assert (await person.http.get(f"/api/v1/files/{paper.id}")).status_code == 404
    assert (await person.http.get(f"/api/v1/claims/{state.claim_number}")).json()["files"] == []


@pytest.mark.parametrize(
    "path", ["/api/v1/claims/CL-0", "/api/v1/clients/x", "/api/v1/contracts/0", "/api/v1/files/x"]
)
async def test_what_is_not_there_is_a_problem_document(desk: Desk, path: str) -> None:
    person = await desk.person(await desk.agency())

    answer = await person.http.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith("urn:dossier:problem:")
