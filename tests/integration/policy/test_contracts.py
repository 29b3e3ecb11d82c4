import asyncio
from typing import Any

import pytest

from tests.integration.policy.frame import (
    AMELIE,
    FRENCH,
    HANDLER,
    ISRAELI,
    NOA,
    Desk,
    partner,
    problem,
    result,
)
from tests.unit.policy.factories import car_contract

PATH = "/contracts/4501-889231"


async def test_a_contract_is_registered_for_a_client_and_shows_his_name(desk: Desk) -> None:
    client = await desk.client()
    answer = await desk.post("/contracts", car_contract(client_id=client["id"]))
    state = result(answer, 201)
    assert (state["version"], state["client_name"], state["agency_id"]) == (1, "Dana Cohen", FRENCH)
    assert (state["term_start"], state["risk"]["plate_normalised"]) == ("2026-01-01", "AB123CD")
    assert [event["type"] for event in answer.json()["events"]] == ["dossier.policy.contract-registered.v1"]
    assert result(await desk.get(PATH)) == state


async def test_a_number_is_unique_in_the_agency_and_for_the_insurer(desk: Desk) -> None:
    first = await desk.contract()
    same_agency = car_contract(client_id=first["client_id"], insurer={"name": "Elsewhere"})
    assert problem(await desk.post("/contracts", same_agency)) == (
        409,
        "policy_number_taken",
        "policy_number",
    )
    other = await desk.client(NOA)
    same_insurer = car_contract(client_id=other["id"])
    assert problem(await desk.post("/contracts", same_insurer, NOA))[:2] == (409, "policy_number_taken")
    await desk.contract(NOA, insurer={"name": "Elsewhere"})


async def test_who_works_for_two_agencies_with_the_same_number_names_the_agency(desk: Desk) -> None:
    await desk.contract()
    await desk.contract(NOA, insurer={"name": "Elsewhere"})
    assert problem(await desk.get(PATH, HANDLER)) == (409, "ambiguous_policy_number", "agency_id")
    shown = result(await desk.get(f"{PATH}?agency_id={ISRAELI}", HANDLER))
    assert shown["insurer"]["name"] == "Elsewhere"


async def test_a_client_of_another_agency_gets_no_contract(desk: Desk) -> None:
    client = await desk.client(NOA)
    answer = await desk.post("/contracts", car_contract(client_id=client["id"]))
    assert problem(answer) == (422, "client_unknown", "client_id")
    both = await desk.post("/contracts", car_contract(client_id=client["id"], agency_id=FRENCH), HANDLER)
    assert problem(both) == (422, "client_unknown", "client_id")


async def test_only_an_insurer_insures(desk: Desk) -> None:
    await desk.knows(partner(id="garage-lyon", kind="garage", name="Garage"))
    client = await desk.client()
    body = car_contract(client_id=client["id"], insurer={"partner_id": "garage-lyon", "name": "G"})
    assert problem(await desk.post("/contracts", body)) == (422, "insurer_invalid", "insurer.partner_id")


async def test_a_known_insurer_is_named_as_it_names_itself(desk: Desk) -> None:
    await desk.knows(partner())
    state = await desk.contract(insurer={"partner_id": "insurer-alpha", "name": ""})
    assert state["insurer"]["name"] == "Alpha Assurances"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"policy_number": "45/01"}, (422, "schema", "policy_number")),
        ({"annual_premium": {"amount": 640.0, "currency": "EUR"}}, (422, "schema", "annual_premium.amount")),
        (
            {"annual_premium": {"amount": "640.00", "currency": "XXZ"}},
            (422, "schema", "annual_premium.currency"),
        ),
        ({"line": "boat"}, (422, "schema", "line")),
        ({"line": "home"}, (422, "risk_mismatch", "risk.kind")),
        ({"term_end": "2025-01-01"}, (422, "term_invalid", "term_end")),
        ({"status": "void"}, (422, "schema", "status")),
    ],
)
async def test_bad_input_names_its_field(
    desk: Desk, given: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    client = await desk.client()
    answer = await desk.post("/contracts", car_contract(client_id=client["id"], **given))
    assert problem(answer) == expected


async def test_a_status_takes_legal_steps_only(desk: Desk) -> None:
    await desk.contract()
    answer = await desk.post(f"{PATH}/status", {"status": "suspended", "reason": "unpaid"})
    assert (result(answer)["status"], result(answer)["status_reason"]) == ("suspended", "unpaid")
    refused = await desk.post(f"{PATH}/status", {"status": "quoted"})
    assert problem(refused) == (409, "illegal_transition", "status")
    repeated = await desk.post(f"{PATH}/status", {"status": "suspended", "reason": "unpaid"})
    assert repeated.json()["events"] == []


async def test_an_amendment_raises_the_version_and_its_history_tells_of_it(desk: Desk) -> None:
    await desk.contract()
    body = {"effective_on": "2026-12-01", "reason": "moved", "formula": "basic"}
    answer = await desk.post(f"{PATH}/amendments", body, Idempotency_Key="amend-001")
    assert (result(answer, 201)["version"], result(answer, 201)["formula"]) == (2, "basic")
    again = await desk.post(f"{PATH}/amendments", body, Idempotency_Key="amend-001")
    assert again.json() == answer.json()
    history = result(await desk.get(f"{PATH}/history"))["items"]
    assert [(entry["version"], entry["happening"]) for entry in history] == [
        (2, "contract-amended"),
        (1, "contract-registered"),
    ]
    changes = {change["field"]: change["new"] for change in history[0]["changes"]}
    assert changes["formula"] == "basic"


async def test_a_repeated_registration_with_its_key_gets_the_first_answer(desk: Desk) -> None:
    client = await desk.client()
    body = car_contract(client_id=client["id"])
    first = await desk.post("/contracts", body, Idempotency_Key="contract-1")
    again = await desk.post("/contracts", body, Idempotency_Key="contract-1")
    assert (again.status_code, again.json()) == (201, first.json())


async def test_one_number_many_times_at_once_becomes_one_contract(desk: Desk) -> None:
    body = car_contract(client_id=(await desk.client())["id"])
    answers = await asyncio.gather(*(desk.post("/contracts", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_the_other_agency_sees_and_changes_nothing(desk: Desk) -> None:
    await desk.contract()
    for method, path, body in (
        ("GET", "", None),
        ("GET", f"?agency_id={FRENCH}", None),
        ("GET", "/history", None),
        ("POST", "/status", {"status": "suspended"}),
        ("POST", "/amendments", {"effective_on": "2026-12-01", "formula": "basic"}),
    ):
        answer = await desk.ask(NOA, method, PATH + path, body)
        assert problem(answer) == (404, "contract_unknown", None), path
    assert result(await desk.get(PATH, AMELIE))["sequence"] == 1


async def test_an_unknown_agency_is_not_found(desk: Desk) -> None:
    client = await desk.client()
    answer = await desk.post("/contracts", car_contract(client_id=client["id"], agency_id="nowhere"))
    assert problem(answer)[:2] == (404, "agency_unknown")


@pytest.mark.parametrize("address", ["/contracts/a%00b", "/contracts/a%00b/history", "/clients/a%00b"])
async def test_what_has_the_character_nul_in_its_address_is_as_unknown_as_anything(
    desk: Desk, address: str
) -> None:
    assert problem(await desk.get(address))[0] == 404
    assert problem(await desk.get(f"{PATH}?agency_id=a%00b")) == (422, "schema", "agency_id")
