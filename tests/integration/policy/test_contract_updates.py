from typing import Any

import pytest

from tests.integration.policy.frame import AMELIE, NOA, Desk, result

PATH = "/contracts/4501-889231"


async def test_an_insurers_update_is_applied_published_and_answered(desk: Desk) -> None:
    await desk.contract()
    [receipt] = await desk.push(
        "insurer-alpha",
        {
            "sequence": 1,
            "status": "suspended",
            "reason": "unpaid",
            "receipts": [{"number": "R-1", "status": "formal_notice", "amount": "53.33"}],
        },
    )
    assert receipt["outcome"] == "accepted"
    assert (receipt["policy_number"], receipt["sequence"]) == ("4501-889231", 2)
    state = result(await desk.get(PATH))
    assert (state["status"], state["status_reason"], state["receipts"][0]["currency"]) == (
        "suspended",
        "unpaid",
        "EUR",
    )
    topic, event = (await desk.published())[-2]
    assert topic == "policy.events.v1"
    assert event["type"] == "dossier.policy.contract-status-changed.v1"
    assert event["data"]["actor"] == {"kind": "partner", "id": "insurer-alpha", "name": "Alpha"}


async def test_an_unknown_contract_is_said_to_be_unknown(desk: Desk) -> None:
    [receipt] = await desk.push("insurer-alpha", {"sequence": 1, "status": "suspended"})
    assert (receipt["outcome"], receipt["reason"]["code"]) == ("rejected", "unknown_policy")


async def test_the_contract_of_another_insurer_is_not_assigned_and_stays_as_it_is(desk: Desk) -> None:
    await desk.contract()
    [receipt] = await desk.push("insurer-beta", {"sequence": 1, "status": "suspended"})
    assert (receipt["reason"]["code"], receipt["sequence"]) == ("not_assigned", None)
    assert result(await desk.get(PATH))["status"] == "in_force"


async def test_a_contract_with_a_firm_that_is_no_partner_is_assigned_to_nobody(desk: Desk) -> None:
    await desk.contract(insurer={"name": "Alpha"})
    [receipt] = await desk.push("insurer-alpha", {"sequence": 1, "status": "suspended"})
    assert receipt["reason"]["code"] == "not_assigned"


async def test_of_two_agencies_contracts_with_one_number_the_insurers_own_is_changed(desk: Desk) -> None:
    await desk.contract()
    await desk.contract(NOA, insurer={"partner_id": "insurer-beta", "name": "Beta"})
    [receipt] = await desk.push("insurer-beta", {"sequence": 1, "status": "suspended"})
    assert receipt["outcome"] == "accepted"
    assert result(await desk.get(PATH, AMELIE))["status"] == "in_force"
    assert result(await desk.get(PATH, NOA))["status"] == "suspended"


@pytest.mark.parametrize("late", [5, 4, 0])
async def test_an_update_that_is_not_newer_is_stale(desk: Desk, late: int) -> None:
    await desk.contract()
    receipts = await desk.push(
        "insurer-alpha", {"sequence": 5, "note": "newest"}, {"sequence": late, "status": "cancelled"}
    )
    assert [receipt["outcome"] for receipt in receipts] == ["accepted", "stale"]
    assert receipts[1]["sequence"] == 2
    assert result(await desk.get(PATH))["status"] == "in_force"


async def test_an_illegal_step_is_refused_and_does_not_use_up_the_sequence(desk: Desk) -> None:
    await desk.contract(status="cancelled")
    receipts = await desk.push(
        "insurer-alpha", {"sequence": 1, "status": "in_force"}, {"sequence": 1, "note": "sorry"}
    )
    assert (receipts[0]["outcome"], receipts[0]["reason"]["code"]) == ("rejected", "illegal_transition")
    assert receipts[0]["reason"]["field"] == "status"
    assert receipts[1]["outcome"] == "accepted"


async def test_a_new_receipt_without_an_amount_is_a_schema_error_at_its_place(desk: Desk) -> None:
    await desk.contract()
    [receipt] = await desk.push(
        "insurer-alpha", {"sequence": 1, "receipts": [{"number": "R", "status": "paid"}]}
    )
    reason = receipt["reason"]
    assert (reason["code"], reason["field"], receipt["sequence"]) == ("schema", "receipts.0.amount", 1)


async def test_an_update_that_tells_nothing_new_is_accepted_and_publishes_nothing(desk: Desk) -> None:
    await desk.contract()
    before = await desk.happenings()
    [receipt] = await desk.push("insurer-alpha", {"sequence": 1, "status": "in_force"})
    assert (receipt["outcome"], receipt["sequence"]) == ("accepted", 1)
    assert await desk.happenings() == before


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        ({"sequence": "1"}, "sequence"),
        ({"sequence": 1, "status": "void"}, "status"),
        ({"sequence": 1, "receipts": [{"number": "R", "status": "paid", "amount": 5}]}, "receipts.0.amount"),
    ],
)
async def test_a_broken_message_does_not_disturb_its_neighbours(
    desk: Desk, broken: dict[str, Any], field: str
) -> None:
    await desk.contract()
    receipts = await desk.push("insurer-alpha", broken, {"sequence": 1, "status": "suspended"})
    assert (receipts[0]["reason"]["code"], receipts[0]["reason"]["field"]) == ("schema", field)
    assert receipts[1]["outcome"] == "accepted"
