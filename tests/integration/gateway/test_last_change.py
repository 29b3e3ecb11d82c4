"""What lists say of a claim's last change: its time and its words are of the same happening."""

from __future__ import annotations

import re
from datetime import timedelta

from shared.contracts.claims import ClaimState
from shared.contracts.codes import RepairPhase
from shared.contracts.envelope import Actor
from tests.integration.gateway.frame import IMPORT, Desk, Person, client, repair
from tests.integration.gateway.test_pages import broker


async def told(person: Person, state: ClaimState, page: str = "/claims?state=all") -> str:
    """The words under the time of the last change, in a list."""
    answer = await person.http.get(page, headers={"accept-language": "en"})
    row = answer.text.partition(f'data-claim="{state.claim_number}"')[2].partition("</tr>")[0]
    cell = row.partition("col-activity")[2]
    return re.sub(r"<[^>]+>", "", cell.partition('class="sub dots"')[2].partition(">")[2]).strip()


async def body_work(desk: Desk, state: ClaimState, percent: int = 60) -> ClaimState:
    return await desk.progress(state, repair=repair(RepairPhase.BODY, desk.clock.now(), percent))


async def test_a_file_that_came_last_is_what_every_list_tells(desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    await desk.take(desk.event("client-registered", owner))
    state = await body_work(desk, await desk.add_claim(agency, client_id=owner.id))
    assert "Carrosserie" in await told(person, state)

    file = await desk.add_document(agency, claim_number=state.claim_number)
    assert await told(person, state) == "Pièce ajoutée"
    assert await told(person, state, f"/clients/{owner.id}") == "Pièce ajoutée"
    assert "Pièce ajoutée" in (await person.http.get("/")).text, "home says the same"

    desk.clock.advance(timedelta(minutes=1))
    gone = file.model_copy(update={"removed": True, "sequence": 2})
    await desk.take(desk.event("document-removed", gone, old=file))
    assert await told(person, state) == "Pièce retirée"

    assert "60\u00a0%" in await told(person, await body_work(desk, state, 66)), "the claim itself again"


async def test_a_claim_whose_file_is_older_or_imported_tells_of_itself(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    await desk.add_document(agency, claim_number=state.claim_number)
    state = await body_work(desk, state)
    await desk.add_document(agency, claim_number=state.claim_number, actor=IMPORT)
    assert "Carrosserie" in await told(person, state)


async def test_each_claim_of_a_list_tells_of_its_own_files(desk: Desk) -> None:
    agency, person = await broker(desk)
    colleague = Actor(kind="user", id="colleague", name="Noa")
    with_file, without = [await body_work(desk, await desk.add_claim(agency)) for _ in range(2)]
    await desk.add_document(agency, claim_number=with_file.claim_number, actor=colleague)
    assert await told(person, with_file) == "Pièce ajoutée"
    assert "Carrosserie" in await told(person, without)
    assert 'title="Noa"' in (await person.http.get("/claims")).text


async def test_the_api_tells_when_and_nothing_more(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    await desk.add_document(agency, claim_number=state.claim_number)
    row = (await person.http.get("/api/v1/claims")).json()["items"][0]
    assert row["last_activity_at"].startswith(desk.clock.now().isoformat()[:19])
    assert not {"last_change", "files_at"} & row.keys()


async def test_a_client_changed_last_when_his_details_were_confirmed(desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now() - timedelta(days=60))
    await desk.take(desk.event("client-registered", owner, at=owner.updated_at))
    at = desk.clock.now() - timedelta(days=2)
    confirmed = owner.model_copy(update={"sequence": 2, "updated_at": at})
    await desk.take(desk.event("client-contact-confirmed", confirmed, old=owner, at=at))
    row = (
        (await person.http.get("/clients")).text.partition(f'id="client-{owner.id}"')[2].partition("</tr>")[0]
    )
    assert "il y a 2 jours" in row.partition("col-activity")[2]
