"""The list under the search field: the few best of each kind, in a pattern that screen readers know."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.integration.gateway.frame import Desk, Person, client, contract

ASKED_BY_SCRIPT = {"hx-request": "true"}


async def filled(desk: Desk) -> Person:
    agency = await desk.agency()
    person = await desk.person(agency)
    insured = client(agency, desk.clock.now(), name="Zoé Lambert", last_name="Lambert")
    policy = contract(agency, desk.clock.now(), insured, client_name="Zoé Lambert")
    await desk.take(desk.event("client-registered", insured), desk.event("contract-registered", policy))
    await desk.add_claim(
        agency, client_id=insured.id, client_name="Zoé Lambert", plate="GK-129-LM", plate_normalised="GK129LM"
    )
    return person


async def results(person: Person, typed: str) -> str:
    return (await person.http.get("/search/results", params={"q": typed}, headers=ASKED_BY_SCRIPT)).text


async def test_what_is_typed_finds_each_kind_in_its_group(desk: Desk) -> None:
    person = await filled(desk)
    html = await results(person, "lambert")
    assert [
        one for one in ("found-clients", "found-claims", "found-contracts") if f'id="{one}"' not in html
    ] == []
    ids = re.findall(r'role="option"[^>]*id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 4, "one of each, and the way to all"
    assert 'href="/search?q=lambert"' in html
    assert "<html" not in html


@pytest.mark.parametrize("typed", ["GK-129", "gk129lm", "129 LM"])
async def test_a_plate_is_found_however_it_is_typed(typed: str, desk: Desk) -> None:
    assert 'href="/claims/' in await results(await filled(desk), typed)


async def test_nothing_found_says_so_and_nothing_typed_and_nothing_opened_says_nothing(desk: Desk) -> None:
    person = await filled(desk)
    nothing = await results(person, "qqqqqq")
    assert 'role="status"' in nothing
    assert 'role="listbox"' not in nothing
    assert (await results(person, "  ")).strip() == ""


async def test_the_query_is_no_way_to_write_markup(desk: Desk) -> None:
    assert "<script" not in await results(await filled(desk), "<script>lambert")


async def test_before_anything_is_typed_stand_the_claims_that_one_opened_last(desk: Desk) -> None:
    agency = await desk.agency()
    person, colleague = await desk.person(agency), await desk.person(agency)
    first, second, third = [await desk.add_claim(agency) for _ in range(3)]
    for claim in (first, second):
        desk.clock.advance(timedelta(minutes=1))
        await person.http.get(f"/claims/{claim.claim_number}")
    await person.http.post("/claims/read", data={"which": "chosen", "claim": third.claim_number})
    for html in (await results(person, ""), (await person.http.get("/search")).text):
        numbers = re.findall(r'href="/claims/(CL-[^"]+)"', html)
        assert numbers == [second.claim_number, first.claim_number], (
            "the latest first, and none that was only ticked"
        )
    assert "/claims/CL-" not in await results(colleague, ""), "another one opened others"
