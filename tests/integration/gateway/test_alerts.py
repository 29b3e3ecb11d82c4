"""Alerts: whose they are, and which are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.contracts.codes import Role
from tests.integration.gateway.frame import Desk, Person


async def alerts(person: Person, **parameters: Any) -> dict[str, Any]:
    answer = await person.http.get("/api/v1/alerts", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_alert_stands_in_the_list_in_the_readers_language(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)

    raised = await desk.raise_alert(state)

    found = await alerts(person)
    assert found["unread"] == 1
    item = found["items"][0]
    assert item.pop("text")
    assert item == {
        "id": raised.id,
        "kind": "repair-progressed",
        "claim_number": state.claim_number,
        "policy_number": state.policy_number,
        "client_id": state.client_id,
        "at": "2026-11-03T12:00:03Z",
        "read": False,
        "position": 1,
    }


async def test_one_read_then_all_read_then_a_new_one(desk: Desk) -> None:
    agency = await desk.agency()
    person, colleague = await desk.person(agency), await desk.person(agency)
    state = await desk.add_claim(agency)
    first, *_ = [await desk.raise_alert(state) for _ in range(3)]

    assert (await person.http.post(f"/api/v1/alerts/{first.id}/read")).json() == {"unread": 2}
    assert (await person.http.post(f"/api/v1/alerts/{first.id}/read")).json() == {"unread": 2}
    assert [one["read"] for one in (await alerts(person))["items"]] == [False, False, True]
    assert (await person.http.post("/api/v1/alerts/read-all")).json() == {"unread": 0}
    assert (await alerts(colleague))["unread"] == 3
    await desk.raise_alert(state)
    assert (await alerts(person))["unread"] == 1


async def test_alerts_for_another_role_or_agency_are_not_there(desk: Desk) -> None:
    agency, other = await desk.agency(), await desk.agency("Other")
    broker, manager, stranger = (
        await desk.person(agency),
        await desk.person(agency, role=Role.MANAGER),
        await desk.person(other),
    )
    state = await desk.add_claim(agency)

    raised = await desk.raise_alert(state, roles=(Role.MANAGER,))

    assert (await alerts(manager))["unread"] == 1
    assert await alerts(broker) == {"items": [], "unread": 0, "next_before": None}
    assert await alerts(stranger) == {"items": [], "unread": 0, "next_before": None}
    assert (await broker.http.post(f"/api/v1/alerts/{raised.id}/read")).status_code == 404
    assert (await stranger.http.post(f"/api/v1/alerts/{raised.id}/read")).status_code == 404


async def test_my_own_doing_is_read_and_so_is_what_was_before_me(desk: Desk) -> None:
    agency = await desk.agency()
    state = await desk.add_claim(agency)
    await desk.raise_alert(state)
    desk.clock.advance(timedelta(minutes=1))
    person = await desk.person(agency)

    await desk.raise_alert(state, person.actor)

    found = await alerts(person)
    assert found["unread"] == 0
    assert [one["read"] for one in found["items"]] == [True, True]


async def test_older_alerts_follow_page_by_page(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    for _ in range(5):
        await desk.raise_alert(state)

    first = await alerts(person, limit=2)
    second = await alerts(person, limit=2, before=first["next_before"])
    third = await alerts(person, limit=2, before=second["next_before"])

    assert [[one["position"] for one in page["items"]] for page in (first, second, third)] == [
        [5, 4],
        [3, 2],
        [1],
    ]
    assert third["next_before"] is None
    assert {page["unread"] for page in (first, second, third)} == {5}


async def test_the_same_alert_twice_is_one(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    event = desk.event("alert-raised", desk.alert(state), changes=())

    await desk.take(event, {**event, "id": "another-id"})

    assert (await alerts(person))["unread"] == 1


async def test_messages_have_their_shape_before_there_are_any(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    assert (await person.http.get("/api/v1/messages")).json() == {"items": [], "unread": 0}
