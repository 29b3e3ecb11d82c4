"""The desk's own lists: needs counted in SQL, views that a user saves, many claims read at once, alerts of a file."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from shared.contracts.codes import ClaimKind, ClaimStatus, DocumentType, RepairPhase
from tests.integration.gateway.frame import Desk, Person, client, repair
from tests.integration.gateway.test_pages import ASKED_BY_SCRIPT, broker


async def numbers(person: Person, **parameters: Any) -> list[str]:
    """The claims of the page, in its order."""
    page = await person.http.get("/claims", params=parameters)
    assert page.status_code == 200, page.text
    return re.findall(r'data-claim="([^"]+)"', page.text)


async def test_each_need_filters_the_list_to_the_claims_that_home_counts(desk: Desk) -> None:
    agency, person = await broker(desk)
    now, today = desk.clock.now(), desk.clock.now().date()
    long_ago = now - timedelta(days=9)
    garage = {"partner_id": "garage-lyon", "name": "Garage de Lyon"}
    late = await desk.add_claim(
        agency, garage=garage, repair=repair(RepairPhase.BODY, now, 60, today - timedelta(days=1))
    )
    silent = await desk.add_claim(agency, garage=garage, repair=repair(RepairPhase.PAINT, long_ago, 70))
    papers = await desk.add_claim(agency, repair=None, settlement={"requested_documents": ["demand_letter"]})
    await desk.add_claim(agency, garage=garage, repair=repair(RepairPhase.DELIVERED, long_ago, 100, today))
    await desk.add_claim(
        agency,
        status=ClaimStatus.CLOSED,
        repair=repair(RepairPhase.BODY, long_ago, 9, today - timedelta(days=3)),
    )

    assert await numbers(person, need="late") == [late.claim_number]
    assert await numbers(person, need="silent") == [silent.claim_number]
    assert await numbers(person, need="documents") == [papers.claim_number]
    assert await numbers(person, need="cheques") == []
    assert await numbers(person, phase="body") == [late.claim_number]
    home = (await person.http.get("/")).text
    for state in (late, papers):
        assert f'class="need" href="/claims/{state.claim_number}' in home
    assert "/claims?garage=garage-lyon&amp;need=silent" in home
    assert 'href="/claims?phase=body"' in home


async def test_a_document_that_arrives_is_no_longer_waited_for_and_one_that_goes_is_again(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency, settlement={"requested_documents": ["demand_letter"]})
    file = await desk.add_document(agency, claim_number=state.claim_number, type=DocumentType.DEMAND_LETTER)
    assert await numbers(person, need="documents") == []
    gone = file.model_copy(update={"removed": True, "sequence": 2})
    await desk.take(desk.event("document-removed", gone, old=file))
    assert await numbers(person, need="documents") == [state.claim_number]


async def test_mine_are_the_claims_that_i_changed_and_not_those_of_a_colleague(desk: Desk) -> None:
    agency, person = await broker(desk)
    colleague = await desk.person(agency)
    first = await desk.add_claim(agency)
    await desk.progress(first, actor=person.actor)
    second = await desk.add_claim(agency)
    await desk.progress(second, actor=colleague.actor)
    assert await numbers(person, mine="1") == [first.claim_number]
    assert await numbers(colleague, mine="1") == [second.claim_number]


async def test_a_view_is_saved_opened_by_its_address_renamed_moved_deleted_and_brought_back(
    desk: Desk,
) -> None:
    agency, person = await broker(desk)
    stranger = await desk.person(agency)
    saved = await person.http.post(
        "/claims/views", data={"name": " Bris  de glace ", "query": "kind=glass&page=4"}
    )
    assert saved.headers["location"] == "/claims?kind=glass"
    page = (await person.http.get("/claims?kind=glass")).text
    assert "Bris de glace" in page
    view = re.search(r"/claims/views/([0-9a-f-]{36})/rename", page)
    assert view is not None
    path = f"/claims/views/{view[1]}"
    assert (await person.http.get(path)).headers["location"] == "/claims?kind=glass"
    assert (await stranger.http.get(path)).status_code == 404
    assert (await stranger.http.post(f"{path}/delete")).status_code == 404
    assert (await stranger.http.post(f"{path}/rename", data={"name": "x"})).status_code == 404

    await person.http.post("/claims/views", data={"name": "Autre", "query": "kind=fire"})
    double = await person.http.post("/claims/views", data={"name": "Autre", "query": ""})
    assert (double.status_code, "field-error" in double.text or "form-problem" in double.text) == (422, True)
    assert (await person.http.post("/claims/views", data={"name": " ", "query": ""})).status_code == 422
    await person.http.post(f"{path}/rename", data={"name": "Vitres"})
    await person.http.post(f"{path}/move", data={"steps": "1"})
    page = (await person.http.get("/claims")).text
    assert page.index("<bdi>Autre</bdi>") < page.index("<bdi>Vitres</bdi>")

    deleted = await person.http.post(f"{path}/delete")
    page = (await person.http.get(deleted.headers["location"])).text
    assert "<bdi>Vitres</bdi>" not in page
    assert f'action="{path}/restore"' in page
    await person.http.post(f"{path}/restore")
    assert "<bdi>Vitres</bdi>" in (await person.http.get("/claims")).text
    assert (await person.http.post(f"{path}/restore")).status_code == 404


async def test_views_that_everybody_has_lead_to_their_lists(desk: Desk) -> None:
    _, person = await broker(desk)
    for name, query in {
        "open": "",
        "late": "?need=late&sort=eta",
        "third-party": "?kind=third_party",
    }.items():
        assert (await person.http.get(f"/claims/views/{name}")).headers["location"] == f"/claims{query}"
    assert (await person.http.get("/claims/views/none")).status_code == 404


async def test_chosen_claims_are_read_at_once_and_unread_again_after_undo(desk: Desk) -> None:
    agency, person = await broker(desk)
    states = [await desk.add_claim(agency) for _ in range(3)]
    await person.http.get(f"/claims/{states[0].claim_number}")
    for state in states:
        await desk.progress(state, repair=repair(RepairPhase.BODY, desk.clock.now(), 60))
    chosen = [states[0].claim_number, states[1].claim_number]
    answer = await person.http.post("/claims/read", data={"claim": chosen}, headers=ASKED_BY_SCRIPT)
    assert "data-undo-toast" in answer.text
    assert await numbers(person, unread="1") == [states[2].claim_number]
    undo = re.search(r'action="(/claims/read/[^"]+/undo)"', answer.text)
    assert undo is not None
    assert (await person.http.post(undo[1], headers=ASKED_BY_SCRIPT)).status_code == 204
    assert sorted(await numbers(person, unread="1")) == sorted(one.claim_number for one in states)
    page = (await person.http.get(f"/claims/{states[0].claim_number}")).text
    assert "since-opened" in page, "the mark is back where it was: what changed is told"


async def test_all_of_a_list_is_read_at_once_and_what_was_opened_since_stays_read(desk: Desk) -> None:
    agency, person = await broker(desk)
    glass = [await desk.add_claim(agency, kind=ClaimKind.GLASS) for _ in range(2)]
    other = await desk.add_claim(agency, kind=ClaimKind.FIRE)
    answer = await person.http.post("/claims/read", data={"which": "all", "query": "kind=glass"})
    assert answer.headers["location"] == "/claims"
    assert await numbers(person, unread="1") == [other.claim_number]
    await person.http.get(f"/claims/{glass[0].claim_number}")
    page = (await person.http.get("/claims")).text
    undo = re.search(r'action="(/claims/read/[^"]+/undo)"', page)
    assert undo is None, "the notice stood on the page that was opened first"
    again = await person.http.post(
        "/claims/read", data={"which": "all", "query": ""}, headers=ASKED_BY_SCRIPT
    )
    found = re.search(r'action="(/claims/read/[^"]+/undo)"', again.text)
    assert found is not None
    await person.http.get(f"/claims/{other.claim_number}")
    await person.http.post(found[1])
    assert await numbers(person, unread="1") == []


async def test_marking_reaches_no_claim_of_another_agency(desk: Desk) -> None:
    agency, person = await broker(desk)
    other = await desk.agency("Other")
    stranger = await desk.person(other)
    state = await desk.add_claim(agency)
    await stranger.http.post("/claims/read", data={"claim": [state.claim_number]})
    await stranger.http.post("/claims/read", data={"which": "all", "query": "state=all"})
    assert await numbers(person, unread="1") == [state.claim_number]


async def unread(person: Person) -> int:
    return int((await person.http.get("/alerts/unread")).headers["x-unread"])


async def test_opening_a_claim_reads_its_alerts_and_no_others(desk: Desk) -> None:
    agency, person = await broker(desk)
    colleague = await desk.person(agency)
    state, other = await desk.add_claim(agency), await desk.add_claim(agency)
    for about in (state, state, other):
        await desk.raise_alert(about)
    page = await person.http.get(f"/claims/{state.claim_number}")
    assert 'data-unread="1"' in page.text, "the badge of the page itself is right already"
    assert (await unread(person), await unread(colleague)) == (1, 3)


async def test_alerts_are_grouped_filtered_read_by_file_or_all_at_once_and_brought_back(desk: Desk) -> None:
    agency, person = await broker(desk)
    state, other = await desk.add_claim(agency), await desk.add_claim(agency)
    first = await desk.raise_alert(state)
    await desk.raise_alert(other)
    await desk.raise_alert(state, kind="cheque-changed")
    page = (await person.http.get("/alerts")).text
    assert page.count('class="card alert-card unread"') == 2, "one card for each file"
    assert (await person.http.get("/alerts?kind=money")).text.count("alert-line") == 1
    assert (await person.http.get("/alerts?kind=nonsense")).status_code == 200

    answer = await person.http.post("/alerts/read", data={"alert": [first.id], "next": "/alerts?show=unread"})
    assert answer.headers["location"] == "/alerts?show=unread"
    assert await unread(person) == 2
    page = (await person.http.get("/alerts?show=unread")).text
    undo = re.search(r'action="(/alerts/read/[^"]+/undo)"', page)
    assert undo is not None
    await person.http.post(undo[1])
    assert await unread(person) == 3
    await person.http.post("/alerts/read")
    assert await unread(person) == 0
    undo = re.search(r'action="(/alerts/read/[^"]+/undo)"', (await person.http.get("/alerts")).text)
    assert undo is not None
    await person.http.post(undo[1])
    assert await unread(person) == 3


async def test_parties_and_reasons_go_to_the_claims_service(desk: Desk) -> None:
    agency, person = await broker(desk)
    await desk.partner("garage-haifa")
    state = await desk.add_claim(agency)
    base = f"/claims/{state.claim_number}"
    desk.services.will_answer("POST", f"{base}/parties", {"result": {}, "events": []})
    answer = await person.http.post(f"{base}/parties", data={"garage": "garage-haifa"})
    assert answer.headers["location"] == f"{base}#parties"
    assert desk.services.asked[-1][2]["garage"]["partner_id"] == "garage-haifa"
    missing = await person.http.post(f"{base}/parties", data={"third_0_mobile": "1"})
    assert (missing.status_code, 'id="dialog-parties"' in missing.text) == (422, True)

    desk.services.will_answer("POST", f"{base}/status", {"result": {}, "events": []})
    assert (await person.http.post(f"{base}/close", data={"note": " "})).status_code == 422
    closed = await person.http.post(f"{base}/close", data={"note": "Payé"})
    assert closed.headers["location"] == base
    assert desk.services.asked[-1][2] == {"status": "closed", "note": "Payé"}
    await person.http.post(f"{base}/reopen", data={"note": "Erreur"})
    assert desk.services.asked[-1][2] == {"status": "reopened", "note": "Erreur"}
    desk.services.will_answer("POST", f"{base}/status", {"code": "illegal_transition"}, 409)
    assert (await person.http.post(f"{base}/reopen", data={"note": "x"})).status_code == 422


async def test_particulars_are_corrected_and_the_identity_number_is_shown_to_nobodys_cache(
    desk: Desk,
) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now(), identity_number="*****6782")
    await desk.take(desk.event("client-registered", owner))
    base = f"/clients/{owner.id}"
    desk.services.will_answer("POST", f"{base}/particulars", {"result": {}, "events": []})
    data = {"first_name": "Hélène", "last_name": "Durand", "language": owner.language}
    answer = await person.http.post(f"{base}/particulars", data=data)
    assert answer.headers["location"] == base
    assert desk.services.asked[-1][2] == {"last_name": "Durand"}
    asked = len(desk.services.asked)
    await person.http.post(f"{base}/particulars", data={"first_name": "Hélène"})
    assert len(desk.services.asked) == asked, "nothing differs, nothing is sent"
    desk.services.will_answer("POST", f"{base}/particulars", {"code": "invalid", "field": "born_on"}, 422)
    refused = await person.http.post(f"{base}/particulars", data={"born_on": "2190-01-01"})
    assert (refused.status_code, 'value="2190-01-01"' in refused.text) == (422, True)

    desk.services.will_answer("GET", f"{base}/identity-number", {"result": {"identity_number": "123456782"}})
    shown = await person.http.post(f"{base}/identity-number")
    assert ("123456782" in shown.text, shown.headers["cache-control"]) == (True, "no-store")
    part = await person.http.post(f"{base}/identity-number", headers=ASKED_BY_SCRIPT)
    assert ("123456782" in part.text, "<html" in part.text) == (True, False)
    assert part.headers["cache-control"] == "no-store"
    assert "123456782" not in (await person.http.get(base)).text
