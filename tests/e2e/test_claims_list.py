"""The claims list: found by whatever the broker has in hand, and unread until it was opened."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import PartnerLine, partner
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon


async def _one(desk: Desk) -> dict[str, Any]:
    return next(one for one in await desk.claims(state="open") if one["plate"])


@pytest.mark.parametrize("how", ["as written", "without separators", "in small letters", "a part"])
async def test_a_plate_is_found_however_it_is_typed(how: str, broker_fr: Desk) -> None:
    claim = await _one(broker_fr)
    plain = re.sub(r"\W", "", claim["plate"])
    typed = {
        "as written": claim["plate"],
        "without separators": plain,
        "in small letters": plain.lower(),
        "a part": plain[:4],
    }[how]
    for parameter in ("plate", "q"):
        found = await broker_fr.claims(**{parameter: typed}, state="all")
        assert claim["claim_number"] in {one["claim_number"] for one in found}, parameter
        assert all(plain[:4].lower() in re.sub(r"\W", "", one["plate"]).lower() for one in found) or (
            parameter == "q"
        )


async def test_a_claim_is_found_by_number_client_and_anything(broker_fr: Desk) -> None:
    claim = await _one(broker_fr)
    number, name = claim["claim_number"], claim["client"]["name"]
    for parameters in (
        {"claim_number": number},
        {"claim_number": number[-6:]},
        {"client": name},
        {"client": name.split()[-1].lower()},
        {"q": number},
        {"q": name.upper()},
        {"q": claim["policy_number"]},
    ):
        found = await broker_fr.claims(**parameters, state="all")
        assert number in {one["claim_number"] for one in found}, parameters
        assert len(found) < 44, f"{parameters} narrows nothing"
    assert await broker_fr.claims(q="nobody-is-called-so", state="all") == []


async def test_a_hebrew_name_is_found_with_and_without_its_final_letters(broker_il: Desk) -> None:
    finals = str.maketrans("םןץףך", "מנצפכ")
    claim = next(
        one
        for one in await broker_il.claims(state="all")
        if one["client"]["name"].translate(finals) != one["client"]["name"]
    )
    for typed in (claim["client"]["name"], claim["client"]["name"].translate(finals)):
        found = await broker_il.claims(q=typed, state="all")
        assert claim["claim_number"] in {one["claim_number"] for one in found}


async def test_open_closed_and_all_add_up_and_pages_hold_each_claim_once(stack: Stack) -> None:
    async with desk_of(stack, "handler") as desk:
        answer = await desk.get("/claims", state="all")
        assert (answer["page"], answer["pages"], len(answer["items"])) == (1, 2, 50)
        everything = await desk.claims(state="all")
        opened, closed = await desk.claims(state="open"), await desk.claims(state="closed")
        assert answer["total"] == len(everything) == len(opened) + len(closed) >= 80
        assert len({one["claim_number"] for one in everything}) == len(everything)
        assert all(one["open"] for one in opened)
        assert not any(one["open"] for one in closed)
        beyond = await desk.get("/claims", state="all", page=3)
        assert (beyond["items"], beyond["pages"]) == ([], 2)
        by_date = await desk.claims(state="all", sort="-event_date")
        dates = [one["event_date"] for one in by_date]
        assert dates == sorted(dates, reverse=True)
        activity = [one["last_activity_at"] for one in everything]
        assert activity == sorted(activity, reverse=True)


async def test_filters_narrow_by_what_they_say(broker_fr: Desk) -> None:
    garage = await broker_fr.claims(garage="garage-lyon", state="all")
    assert garage
    assert {one["garage"] for one in garage} == {"garage-lyon"}
    insurer = await broker_fr.claims(insurer="insurer-beta", state="all")
    assert {one["insurer"] for one in insurer} == {"insurer-beta"}
    status = garage[0]["status"]
    assert {one["status"] for one in await broker_fr.claims(status=status, state="all")} == {status}
    some = garage[0]["event_date"]
    between = await broker_fr.claims(event_from=some, event_to=some, state="all")
    assert {one["event_date"] for one in between} == {some}
    refused = await broker_fr.client.get("/api/v1/claims", params={"event_from": "yesterday"})
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")


async def test_a_changed_claim_is_unread_for_each_user_until_he_opens_it(
    stack: Stack, broker_fr: Desk, line: PartnerLine
) -> None:
    garage = partner(stack, "garage-lyon")
    number = garage.claim_numbers[4]
    await broker_fr.post(f"/claims/{number}/seen")
    before = await broker_fr.claim(number)
    data = {"claim_number": number, "phase": before["repair"]["phase"], "note": uuid.uuid4().hex}
    await line.push(garage.message("repair-updates", data))

    async with desk_of(stack, "manager.fr") as manager:
        await manager.get("/claims")

        async def unread() -> bool:
            return number in {one["claim_number"] for one in await broker_fr.claims(unread="1")}

        await soon(unread)
        changed = (await broker_fr.claim(number))["changed"]
        assert [one["field"] for one in changed] == ["repair.note"]
        assert (changed[0]["new"], changed[0]["by"]) == (data["note"], "Carrosserie des Brotteaux")
        assert (await broker_fr.claim(number))["unread"], "reading by the API marks nothing"

        await broker_fr.post(f"/claims/{number}/seen")
        claim = await broker_fr.claim(number)
        assert (claim["unread"], claim["changed"]) == (False, [])
        assert number not in {one["claim_number"] for one in await broker_fr.claims(unread="1")}
        assert (await manager.claim(number))["unread"], "another user has not opened it"


async def test_ones_own_change_is_read_at_once_and_unread_for_the_colleague(
    stack: Stack, broker_fr: Desk
) -> None:
    number = partner(stack, "garage-lyon").claim_numbers[5]
    async with desk_of(stack, "manager.fr") as manager:
        for desk in (broker_fr, manager):
            await desk.post(f"/claims/{number}/seen")
        await broker_fr.post(f"/claims/{number}/note", {"note": "appelé le garage"})
        assert not (await broker_fr.claim(number))["unread"]
        assert (await manager.claim(number))["unread"]


async def test_the_list_is_searched_as_one_types(stack: Stack, broker_fr: Desk, visitor: Visitor) -> None:
    claim = await _one(broker_fr)
    await visitor.log_in("broker.fr")
    page = await visitor.open_live("/claims")
    await page.fill("#claims-q", claim["plate"])
    rows = page.locator("#claims tbody tr")
    await expect(rows).to_have_count(len(await broker_fr.claims(q=claim["plate"])))
    await expect(rows.first).to_contain_text(claim["client"]["name"])
    assert "q=" in page.url
    await page.fill("#claims-q", "")
    await expect(rows).to_have_count(min(50, len(await broker_fr.claims())))
    await page.locator("input[name=state][value=closed]").locator("xpath=..").click()
    await expect(rows).to_have_count(len(await broker_fr.claims(state="closed")))
    assert await page.evaluate("window.kept === true")


async def test_the_way_back_leads_to_the_same_place_of_the_same_list(stack: Stack, visitor: Visitor) -> None:
    await visitor.log_in("broker.fr")
    page = await visitor.open_live("/claims")
    await page.locator("input[name=state][value=all]").locator("xpath=..").click()
    rows = page.locator("#claims tbody tr")
    await expect(page).to_have_url(re.compile("state=all"))
    row = rows.nth(25)
    await row.scroll_into_view_if_needed()
    await page.evaluate("scrollBy({ top: 150, behavior: 'instant' })")
    place = await page.evaluate("Math.round(scrollY)")
    number = await row.get_attribute("data-claim")
    assert place > 400, "far enough down to notice"

    await row.locator(".row-link").click()
    await page.wait_for_url(f"**/claims/{number}")
    await page.go_back()
    await expect(page).to_have_url(re.compile("state=all"))
    await expect(page.locator(f"#claims tr[data-claim='{number}']")).to_be_in_viewport()
    await page.wait_for_function("(place) => Math.abs(scrollY - place) < 50", arg=place)
    await expect(page.locator("input[name=state][value=all]")).to_be_checked()
    await page.go_forward()
    await page.wait_for_url(f"**/claims/{number}")
