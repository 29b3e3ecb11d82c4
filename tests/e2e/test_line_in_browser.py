"""What a partner pushes stands on the broker's screen, without a reload."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import Message, Partner, PartnerLine, kcat, onramp, partner, run_kcat
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

FOLLOWS = {
    "assigned": "arrived",
    "booked": "arrived",
    "arrived": "estimating",
    "estimating": "awaiting_authorisation",
    "awaiting_authorisation": "authorised",
    "authorised": "teardown",
    "teardown": "parts_ordered",
    "supplement_sent": "supplement_approved",
    "supplement_approved": "parts_ordered",
    "parts_ordered": "body",
    "body": "paint",
    "paint": "reassembly",
    "reassembly": "quality_control",
    "quality_control": "ready",
}
FIRST_ROW = "#claims tbody tr:first-child"
BOLD = 600


@dataclass(frozen=True)
class Case:
    """A claim in repair, its garage, and the phase that comes next."""

    garage: Partner
    number: str
    phase: str

    def update(self, **more: Any) -> Message:
        data = {"claim_number": self.number, "phase": self.phase, "note": uuid.uuid4().hex[:12], **more}
        return self.garage.message("repair-updates", data)


async def cases(stack: Stack, desk: Desk, garage_id: str, count: int) -> list[Case]:
    """Claims that are not on top of the list already, so that moving there can be seen."""
    garage = partner(stack, garage_id)
    found = [
        Case(garage, one["claim_number"], FOLLOWS[one["repair"]["phase"]])
        for one in (await desk.claims(state="open"))[2:]
        if one["claim_number"] in garage.claim_numbers
        and one["repair"] is not None
        and one["repair"]["phase"] in FOLLOWS
    ]
    assert len(found) >= count
    return found[-count:]


async def still_the_same(*pages: Page) -> None:
    """Fail when a page was loaded anew meanwhile."""
    for page in pages:
        assert await page.evaluate("window.kept === true"), f"{page.url} was loaded anew"


async def weight(page: Page, selector: str) -> int:
    """How bold the name in a row is."""
    return int(
        await page.locator(selector).evaluate(
            "row => getComputedStyle(row.querySelector('.row-link')).fontWeight"
        )
    )


@pytest.mark.parametrize(
    ("email", "garage", "language", "direction"),
    [
        ("broker.fr", "garage-lyon", "fr", "ltr"),
        ("broker.il", "garage-haifa", "he", "rtl"),
        ("handler", "garage-haifa", "en", "ltr"),
    ],
)
async def test_a_garage_moves_the_stepper_and_its_claim_to_the_top_in_bold(
    email: str, garage: str, language: str, direction: str, stack: Stack, line: PartnerLine, visitor: Visitor
) -> None:
    async with desk_of(stack, email) as desk:
        opened, other = await cases(stack, desk, garage, 2)
        await visitor.log_in(email)
        claims = await visitor.open_live("/claims")
        claim = await visitor.open_live(f"/claims/{opened.number}")
        html = claims.locator("html")
        assert (await html.get_attribute("lang"), await html.get_attribute("dir")) == (language, direction)
        step = await claim.locator(".stepper .step-current .step-name").inner_text()
        unread = int(await claim.locator("#bell-count").get_attribute("data-unread") or 0)

        first = opened.update(percent=41)
        await line.push(first)
        await expect(claims.locator(FIRST_ROW)).to_have_attribute("data-claim", opened.number)
        await expect(claim.locator(".stepper .step-current .step-name")).not_to_have_text(step)
        await expect(claim.locator(".repair-now progress")).to_have_attribute("value", "41")
        assert await claim.locator(".stepper .step-current").count() == 1

        second = other.update(percent=42)
        await line.push(second)
        row = claims.locator(FIRST_ROW)
        await expect(row).to_have_attribute("data-claim", other.number)
        await expect(row).to_have_class("unread")
        assert await weight(claims, FIRST_ROW) >= BOLD
        await expect(claims.locator("#toasts .toast-card").last).to_contain_text(other.number)
        # Who looks at the claim reads its alerts: only that of the other one is unread.
        await expect(claims.locator("#bell-count")).to_have_attribute("data-unread", str(unread + 1))
        await still_the_same(claims, claim)
        assert {(await line.answer(one.id))["outcome"] for one in (first, second)} == {"accepted"}


async def test_opening_a_bold_claim_tells_what_changed_and_makes_it_plain(
    stack: Stack, line: PartnerLine, broker_fr: Desk, visitor: Visitor
) -> None:
    case = (await cases(stack, broker_fr, "garage-lyon", 1))[0]
    await broker_fr.post(f"/claims/{case.number}/seen")
    await visitor.log_in("broker.fr")
    claims = await visitor.open_live("/claims")
    await line.push(case.update(eta="2027-01-15", delay_reason="parts"))
    row = claims.locator(f"#claims tr[data-claim='{case.number}'].unread")
    await row.locator(".row-link").click()
    await claims.wait_for_url(f"**/claims/{case.number}")
    await expect(claims.locator(".since-opened")).to_contain_text("15")
    await claims.goto("/claims")
    row = claims.locator(f"#claims tr[data-claim='{case.number}']")
    await expect(row).not_to_have_class("unread")
    assert await weight(claims, f"#claims tr[data-claim='{case.number}']") < BOLD


async def test_insurers_and_appraisers_updates_stand_on_the_open_claim(
    stack: Stack, line: PartnerLine, broker_fr: Desk, visitor: Visitor
) -> None:
    appraiser = partner(stack, "appraiser-one")
    insurer, number = next(
        (who, one["claim_number"])
        for one in await broker_fr.claims(state="open")
        for who in (partner(stack, "insurer-alpha"), partner(stack, "insurer-beta"))
        if one["claim_number"] in who.claim_numbers and one["claim_number"] in appraiser.claim_numbers
    )
    await visitor.log_in("broker.fr")
    claims = await visitor.open_live("/claims")
    claim = await visitor.open_live(f"/claims/{number}")

    reference = f"PAY-{uuid.uuid4().hex[:8]}"
    await line.push(
        insurer.message(
            "claim-updates",
            {
                "claim_number": number,
                "liability_percent": 50,
                "reserve": {"amount": "4321.50", "currency": "EUR"},
                "payments": [
                    {
                        "reference": reference,
                        "kind": "indemnity",
                        "payee": "Le Payé",
                        "amount": "1234.00",
                        "currency": "EUR",
                        "method": "transfer",
                        "paid_on": "2026-11-20",
                    }
                ],
                "note": "avis de l'assureur",
            },
        )
    )
    settlement = claim.locator("#settlement")
    await expect(settlement).to_contain_text(reference)
    await expect(settlement).to_contain_text("avis de l'assureur")
    await expect(settlement).to_contain_text("321,50")
    await expect(claims.locator(FIRST_ROW)).to_have_attribute("data-claim", number)

    await line.push(
        appraiser.message(
            "appraisal-updates",
            {
                "claim_number": number,
                "status": "report_issued",
                "damage": {"amount": "2777.00", "currency": "EUR"},
                "fee": "180.00",
                "note": "choc avant droit",
            },
        )
    )
    await expect(claim.locator("#appraisal")).to_contain_text("choc avant droit")
    await expect(claim.locator("#appraisal")).to_contain_text("777,00")
    await still_the_same(claims, claim)


async def test_an_insurers_contract_update_alerts_and_stands_on_the_open_client_and_contract(
    stack: Stack, line: PartnerLine, broker_fr: Desk, visitor: Visitor
) -> None:
    insurer = partner(stack, "insurer-alpha")
    policy, client_id = await _contract_in_force(broker_fr, insurer)
    await visitor.log_in("broker.fr")
    claims = await visitor.open_live("/claims")
    note = insurer.message("contract-updates", {"policy_number": policy, "note": uuid.uuid4().hex})
    await line.push(note)
    assert (await line.answer(note.id))["outcome"] == "accepted"
    await expect(claims.locator("#toasts .toast-card").first).to_be_visible()

    client = await visitor.open_live(f"/clients/{client_id}")
    contract = await visitor.open_live(f"/contracts/{policy}")
    suspended = client.locator("#client .contract-status", has_text="Suspendu")
    before = await suspended.count()
    message = insurer.message(
        "contract-updates", {"policy_number": policy, "status": "suspended", "reason": "prime impayée"}
    )
    await line.push(message)
    assert (await line.answer(message.id))["outcome"] == "accepted"
    await expect(suspended).to_have_count(before + 1)
    await expect(contract.locator("#contract")).to_contain_text("prime impayée")
    await still_the_same(claims, client, contract)
    alerts = (await broker_fr.get("/alerts"))["items"]
    assert any(one["policy_number"] == policy for one in alerts)


async def _contract_in_force(desk: Desk, insurer: Partner) -> tuple[str, str]:
    for policy in insurer.policy_numbers:
        answer = await desk.client.get(f"/api/v1/contracts/{policy}")
        if answer.status_code == 200 and answer.json()["contract"]["status"] == "in_force":
            return policy, answer.json()["contract"]["client_id"]
    raise AssertionError("the demo has no contract in force")


async def test_the_onramp_leads_to_the_same_screen_and_answers_with_a_receipt(
    stack: Stack, broker_fr: Desk, visitor: Visitor
) -> None:
    case = (await cases(stack, broker_fr, "garage-lyon", 1))[0]
    before = await broker_fr.claim(case.number)
    await visitor.log_in("broker.fr")
    claim = await visitor.open_live(f"/claims/{case.number}")
    event = json.loads(case.update(percent=63).body)
    async with onramp(stack, case.garage) as http:
        taken = await http.post("/repair-updates", json=event)
        assert (taken.status_code, taken.json()) == (202, {"message_id": event["id"]})
        await expect(claim.locator(".repair-now progress")).to_have_attribute("value", "63")

        async def receipt() -> dict[str, Any] | None:
            answer = await http.get(f"/receipts/{event['id']}")
            return answer.json() if answer.status_code == 200 else None

        found = await soon(receipt)
    assert found is not None
    assert (found["outcome"], found["claim_number"]) == ("accepted", case.number)
    assert found["sequence"] == before["sequence"] + 1
    await still_the_same(claim)


async def test_the_kcat_line_of_the_readme_moves_a_claim(stack: Stack, broker_fr: Desk) -> None:
    program = kcat()
    case = (await cases(stack, broker_fr, "garage-lyon", 1))[0]
    message = case.update(percent=77)
    await run_kcat(
        program, "-P", "-b", stack.bootstrap, "-t", message.topic, "-k", case.number, said=message.body
    )

    async def moved() -> bool:
        return bool((await broker_fr.claim(case.number))["repair"]["percent"] == 77)

    await soon(moved, what="kcat's update on the claim")
    topic = "partners.garage-lyon.receipts.v1"
    receipts = (await run_kcat(program, "-C", "-b", stack.bootstrap, "-t", topic, "-e", "-q")).decode()
    mine = [json.loads(one)["data"] for one in receipts.splitlines() if message.id in one]
    assert [one["outcome"] for one in mine] == ["accepted"]
