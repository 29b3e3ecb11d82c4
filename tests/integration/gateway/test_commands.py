"""Commands: the service does it, and the user who did it reads his own write at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.gateway.status import ServiceStatus, StatusPoller
from shared.contracts.codes import ClaimStatus
from shared.http.tokens import verify
from tests.integration.gateway.frame import Desk, claim, document, until


async def test_a_brokers_change_is_in_the_very_next_answer(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    new = state.model_copy(update={"status": ClaimStatus.APPROVED, "sequence": 2})
    event = desk.event("claim-status-changed", new, old=state, actor=person.actor)
    desk.services.will_answer(
        "POST",
        f"/claims/{state.claim_number}/status",
        {"result": new.model_dump(mode="json"), "events": [event]},
    )

    answer = await person.http.post(
        f"/api/v1/claims/{state.claim_number}/status", json={"status": "approved", "note": "by phone"}
    )

    assert answer.status_code == 200
    assert answer.json()["status"] == "approved"
    assert desk.services.asked == [
        ("POST", f"/claims/{state.claim_number}/status", {"status": "approved", "note": "by phone"})
    ]
    read = (await person.http.get(f"/api/v1/claims/{state.claim_number}")).json()
    assert (read["status"], read["sequence"], len(read["history"])) == ("approved", 2, 2)
    await desk.take(event)
    again = (await person.http.get(f"/api/v1/claims/{state.claim_number}")).json()
    assert again == read


async def test_a_refusal_of_the_service_is_passed_on_as_it_is(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    refusal = {"code": "illegal_transition", "detail": "Not from here.", "field": "status"}
    desk.services.will_answer("POST", f"/claims/{state.claim_number}/status", refusal, 409)

    answer = await person.http.post(f"/api/v1/claims/{state.claim_number}/status", json={"status": "settled"})

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.json()[name] for name in refusal} == refusal
    assert answer.json()["type"] == "urn:dossier:problem:illegal_transition"


async def test_a_service_that_is_down_is_named_and_reading_goes_on(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    desk.gateway.claims._base = "http://127.0.0.1:9"

    answer = await person.http.post(f"/api/v1/claims/{state.claim_number}/note", json={"note": "hello"})

    assert answer.status_code == 503
    assert answer.json()["code"] == "service_unavailable"
    assert (await person.http.get(f"/api/v1/claims/{state.claim_number}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("claims/{n}/status", {"status": "half-open"}),
        ("claims/{n}/status", {"state": "approved"}),
        ("claims/{n}/note", {"note": ""}),
        ("claims/{n}/cheques/P-1", {"status": "eaten"}),
        ("clients/c/confirm-contact", {"details": ["shoe size"]}),
        ("session", {"email": "a@b.example"}),
    ],
)
async def test_bad_input_is_a_422_that_names_the_field(
    desk: Desk, path: str, body: dict[str, object]
) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)

    answer = await person.http.post(f"/api/v1/{path.format(n=state.claim_number)}", json=body)

    assert answer.status_code == 422
    assert answer.json()["field"]
    assert desk.services.asked == []


async def test_a_body_that_is_no_json_is_malformed(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    answer = await person.http.post(
        "/api/v1/claims", content=b"{", headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_a_large_body_is_refused_everywhere_but_at_uploads(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    body = b'{"description": "' + b"x" * (1024 * 1024) + b'"}'

    answer = await person.http.post(
        "/api/v1/claims", content=body, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_references_with_slashes_reach_the_service(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    path = f"/claims/{state.claim_number}/cheques/P/2026 1"
    desk.services.will_answer("POST", path, {"result": {"ok": True}, "events": []})

    answer = await person.http.post(
        f"/api/v1/claims/{state.claim_number}/cheques/P/2026%201", json={"status": "received"}
    )

    assert answer.status_code == 200
    assert desk.services.asked == [("POST", path, {"status": "received"})]


async def test_contact_details_are_confirmed_and_corrected(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    for name in ("confirm-contact", "contact"):
        desk.services.will_answer("POST", f"/clients/c1/{name}", {"result": {}, "events": []})

    await person.http.post("/api/v1/clients/c1/confirm-contact", json={"details": ["email"]})
    await person.http.post("/api/v1/clients/c1/contact", json={"email": "new@demo.example"})

    assert [one[2] for one in desk.services.asked] == [{"details": ["email"]}, {"email": "new@demo.example"}]


async def test_a_new_claim_is_there_when_its_number_is_told(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = claim(agency, desk.clock.now(), claim_number="CL-2026-000500")
    answer = {
        "result": state.model_dump(mode="json"),
        "events": [desk.event("claim-registered", state, actor=person.actor)],
    }
    desk.services.will_answer("POST", "/claims", answer, 201)

    made = await person.http.post("/api/v1/claims", json={"policy_number": "4501-889231", "kind": "theft"})

    assert made.status_code == 201
    assert (await person.http.get("/api/v1/claims/CL-2026-000500")).status_code == 200


async def test_an_upload_is_bound_to_its_claim_and_stands_in_it_at_once(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    paper = document(
        agency, desk.clock.now(), person.actor, claim_number=state.claim_number, name="photo.jpg"
    )
    desk.services.will_answer(
        "POST",
        "/files",
        {
            "result": paper.model_dump(mode="json"),
            "events": [desk.event("document-added", paper, actor=person.actor)],
        },
        201,
    )

    answer = await person.http.post(
        f"/api/v1/claims/{state.claim_number}/files",
        files={"file": ("photo.jpg", b"content", "image/jpeg")},
        data={"type": "damage_photo"},
    )

    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("id", "name", "type", "content_type", "size")} == {
        "id": paper.id,
        "name": "photo.jpg",
        "type": "damage_photo",
        "content_type": "image/jpeg",
        "size": 1234,
    }
    _, _, form = desk.services.asked[0]
    assert form["file"] == b"content"
    assert form["type"] == "damage_photo"
    assert state.client_id in form["binding"]
    read = (await person.http.get(f"/api/v1/claims/{state.claim_number}")).json()
    assert [one["id"] for one in read["files"]] == [paper.id]
    assert not read["unread"] or read["changed"] == []


async def test_an_upload_of_an_unknown_type_or_without_a_file_is_refused(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    path = f"/api/v1/claims/{state.claim_number}/files"

    typed = await person.http.post(path, files={"file": ("a", b"x")}, data={"type": "poem"})
    empty = await person.http.post(path, data={"type": "other"})

    assert (typed.status_code, typed.json()["field"]) == (422, "type")
    assert (empty.status_code, empty.json()["field"]) == (422, "file")


async def test_content_is_streamed_with_the_headers_that_make_it_harmless(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    paper = await desk.add_document(agency, claim_number="CL-1")
    desk.services.will_answer("GET", f"/files/{paper.id}/content", b"\x89PNG" * 1000)

    answer = await person.http.get(f"/api/v1/files/{paper.id}/content")

    assert answer.content == b"\x89PNG" * 1000
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == 'inline; filename="a.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await person.http.get(f"/api/v1/files/{paper.id}/download")).status_code == 404


async def test_a_service_is_told_who_asks_in_a_token_of_its_own(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)

    await person.http.post("/api/v1/claims", json={})

    scope = verify(desk.settings, desk.services.tokens[0], "claims")
    assert (scope.user_id, scope.role, scope.agency_ids) == (person.id, "broker", (agency,))


async def test_services_that_do_not_answer_are_known_after_two_misses(desk: Desk) -> None:
    status = desk.gateway.status
    began = desk.clock.now()
    assert not status.down
    status.missed("claims")
    assert not status.down
    desk.clock.advance(timedelta(minutes=3))
    status.missed("claims")
    assert [(one.service, one.since) for one in status.down] == [("claims", began)]
    status.answered("claims")
    assert not status.down


async def test_the_poller_finds_out_by_asking(desk: Desk) -> None:
    desk.services.will_answer("GET", "/health/live", {"status": "live"})
    status = ServiceStatus(desk.clock)
    for _ in range(2):
        status.missed("policy")
    stop = asyncio.Event()
    urls = {"policy": desk.services.url, "claims": "http://127.0.0.1:9"}
    running = asyncio.create_task(StatusPoller(status, urls).run(stop))
    await until(lambda: status.down == () and status._failures["claims"] == 1)
    stop.set()
    await running
