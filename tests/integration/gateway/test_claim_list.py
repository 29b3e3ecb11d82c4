"""The list of claims: filters, search, order and pages."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from shared.contracts.claims import Insured, ThirdParty
from shared.contracts.codes import ClaimKind, ClaimStatus, RepairPhase, Role
from shared.contracts.policy import PartnerReference
from tests.integration.gateway.frame import Desk, Person, client, contract, repair


async def numbers(person: Person, **parameters: str) -> list[str]:
    answer = await person.http.get("/api/v1/claims", params=parameters)
    assert answer.status_code == 200, answer.text
    return [one["claim_number"] for one in answer.json()["items"]]


@pytest.fixture
async def person(desk: Desk) -> Person:
    """Three claims: an open one of Dupont's car, a closed one of Cohen's, an open fire at Müller's."""
    agency = await desk.agency()
    person = await desk.person(agency)
    await desk.add_claim(agency, claim_number="CL-2026-000117", policy_number="4501-889231")
    await desk.add_claim(
        agency,
        claim_number="CL-2026-000118",
        policy_number="77-1",
        client_name="יוסף כהן",
        insured=Insured(name="יוסף כהן", mobile="+972 54-123-4567"),
        plate="12-345-67",
        plate_normalised="1234567",
        status=ClaimStatus.CLOSED,
        kind=ClaimKind.THIRD_PARTY,
        third_parties=(ThirdParty(policyholder="Ça Va Transports", plate="345-67-890"),),
        garage=PartnerReference(partner_id="garage-haifa", name="מוסך חיפה"),
        event_date=date(2026, 9, 1),
    )
    await desk.add_claim(
        agency,
        claim_number="CL-2026-000119",
        policy_number="9-9",
        client_name="Jürgen Müller",
        insured=Insured(name="Jürgen Müller"),
        plate="",
        plate_normalised="",
        status=ClaimStatus.UNDER_ASSESSMENT,
        kind=ClaimKind.FIRE,
        garage=PartnerReference(name="Atelier sans compte"),
        insurer=PartnerReference(partner_id="insurer-beta", name="Beta"),
        event_date=date(2026, 10, 31),
        repair=repair(RepairPhase.BODY, desk.clock.now(), 10, date(2026, 12, 24)),
    )
    return person


CASES: Final[list[tuple[dict[str, str], list[int]]]] = [
    ({}, [119, 117]),
    ({"state": "closed"}, [118]),
    ({"state": "all"}, [119, 118, 117]),
    ({"state": "all", "status": "closed,registered"}, [118, 117]),
    ({"state": "all", "kind": "third_party"}, [118]),
    ({"state": "all", "insurer": "insurer-beta"}, [119]),
    ({"state": "all", "garage": "garage-lyon,garage-haifa"}, [118, 117]),
    ({"state": "all", "garage": "Atelier sans compte"}, [119]),
    ({"state": "all", "phase": "none"}, []),
    ({"state": "all", "phase": "none,body"}, [119]),
    ({"state": "all", "event_from": "2026-10-20", "event_to": "2026-10-20"}, [117]),
    ({"state": "all", "claim_number": "cl2026000118"}, [118]),
    ({"state": "all", "claim_number": "118"}, [118]),
    ({"state": "all", "plate": "12 345 67"}, [118]),
    ({"state": "all", "plate": "aa-123"}, [117]),
    ({"state": "all", "plate": "67890"}, []),
    ({"state": "all", "client": "muller"}, [119]),
    ({"state": "all", "client": "JURGEN"}, [119]),
    ({"state": "all", "client": "כהנ יוסף"}, [118]),
    ({"state": "all", "client": "Transports"}, []),
    ({"state": "all", "client": "---"}, []),
    ({"state": "all", "q": "helene"}, [117]),
    ({"state": "all", "q": "dupont 889231"}, [117]),
    ({"state": "all", "q": "dupont 77"}, []),
    ({"state": "all", "q": "כהן"}, [118]),
    ({"state": "all", "q": "0541234567"}, [118]),
    ({"state": "all", "q": "ca va"}, [118]),
    ({"state": "all", "q": "345 67 890"}, [118]),
    ({"state": "all", "q": "חיפה"}, [118]),
    ({"state": "all", "q": "CL-2026-000119"}, [119]),
    ({"state": "all", "q": "ju"}, [119]),
    ({"state": "all", "q": "rg"}, []),
    ({"state": "all", "q": "%"}, []),
    ({"state": "all", "q": "'; DROP TABLE claim_view; --"}, []),
    ({"state": "all", "q": 'NEAR("a" OR *'}, []),
    ({"state": "all", "q": "  "}, [119, 118, 117]),
    ({"state": "all", "sort": "claim_number"}, [117, 118, 119]),
    ({"state": "all", "sort": "-event_date"}, [119, 117, 118]),
    ({"state": "all", "sort": "client"}, [117, 119, 118]),
    ({"state": "all", "sort": "eta"}, [119, 117, 118]),
    ({"state": "all", "sort": "activity"}, [117, 118, 119]),
]
"""Parameters of the list, and the claims (by the end of their numbers) in the order in which they must come."""


async def test_filters_search_and_order(person: Person) -> None:
    wrong = []
    for parameters, expected in CASES:
        found = [int(number[-3:]) for number in await numbers(person, **parameters)]
        if found != expected:
            wrong.append(f"{parameters}: {found}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "CL-2026-00011"}, ["CL-2026-00011"]),
        ({"q": " cl-2026-00011 "}, ["CL-2026-00011"]),
        ({"q": "cl202600011"}, ["CL-2026-000117", "CL-2026-00011"]),  # no whole number: it is only like two
        ({"q": "CL-2026-00011", "state": "closed"}, []),
        ({"q": "CL-2026-00011", "kind": "fire"}, []),
        ({"q": "CL-2026-000117", "sort": "eta"}, ["CL-2026-000117"]),
        ({"q": "cl202600011", "sort": "-eta"}, ["CL-2026-000117", "CL-2026-00011"]),
        ({"q": "CL-2026-00011", "page": "2"}, []),
    ],
)
@pytest.mark.parametrize("agencies", [1, 2])
async def test_a_whole_number_finds_its_claim_and_not_those_that_begin_like_it(
    parameters: dict[str, str], found: list[str], agencies: int, desk: Desk
) -> None:
    ids = [await desk.agency(f"Cabinet {number}") for number in range(agencies)]
    reader = await desk.person(*ids, role=Role.HANDLER)
    others = await desk.agency("Foreign")
    await desk.add_claim(ids[0], claim_number="CL-2026-00011", plate="", plate_normalised="")
    await desk.add_claim(ids[0], claim_number="CL-2026-000117", plate="", plate_normalised="")
    await desk.add_claim(others, claim_number="CL-2026-00011")
    assert sorted(await numbers(reader, **parameters), key=len, reverse=True) == found


async def test_unread_alone(desk: Desk, person: Person) -> None:
    await person.http.post("/api/v1/claims/CL-2026-000117/seen")
    answer = (await person.http.get("/api/v1/claims", params={"unread": "1", "state": "all"})).json()
    assert [one["claim_number"][-3:] for one in answer["items"]] == ["119", "118"]
    assert answer["total"] == 2


async def test_the_claim_that_changed_last_stands_first(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    first = await desk.add_claim(agency)
    second = await desk.add_claim(agency)
    assert await numbers(person) == [second.claim_number, first.claim_number]

    await desk.progress(first, repair=repair(RepairPhase.READY, desk.clock.now(), 100))

    assert await numbers(person) == [first.claim_number, second.claim_number]


async def test_fifty_to_a_page_and_every_claim_on_exactly_one(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    for _ in range(103):
        await desk.add_claim(agency)

    pages = [
        (await person.http.get("/api/v1/claims", params={"page": str(page)})).json() for page in (1, 2, 3, 4)
    ]

    assert [len(one["items"]) for one in pages] == [50, 50, 3, 0]
    assert {(one["total"], one["pages"]) for one in pages} == {(103, 3)}
    assert len({item["claim_number"] for one in pages for item in one["items"]}) == 103


async def test_an_empty_list_has_one_page(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    answer = (await person.http.get("/api/v1/claims")).json()
    assert answer == {"items": [], "total": 0, "page": 1, "pages": 1}


async def test_a_row_has_the_fields_of_the_interface(person: Person) -> None:
    row = (await person.http.get("/api/v1/claims", params={"claim_number": "000119"})).json()["items"][0]
    last, repair_, client_id = row.pop("last_activity_at"), row.pop("repair"), row["client"].pop("id")
    assert last.startswith("2026-11-03T12:00:0")
    assert client_id
    assert repair_["phase"] == "body"
    assert repair_["eta"] == "2026-12-24"
    assert row == {
        "claim_number": "CL-2026-000119",
        "policy_number": "9-9",
        "client": {"name": "Jürgen Müller"},
        "plate": "",
        "event_date": "2026-10-31",
        "line": "motor_car",
        "kind": "fire",
        "status": "under_assessment",
        "open": True,
        "insurer": "insurer-beta",
        "garage": "Atelier sans compte",
        "unread": True,
        "sequence": 1,
    }


async def test_a_parameter_that_cannot_be_read_is_a_problem_that_names_it(person: Person) -> None:
    answer = await person.http.get("/api/v1/claims", params={"page": "zero"})
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["field"]) == ("invalid_parameter", "page")


async def test_a_handler_sees_the_claims_of_all_his_agencies_in_one_list(desk: Desk) -> None:
    lyon, haifa = await desk.agency("Lyon"), await desk.agency("Haifa", "IL")
    handler = await desk.person(lyon, haifa, role=Role.HANDLER)
    one = await desk.add_claim(lyon, client_name="Anna Rossi")
    other = await desk.add_claim(haifa, client_name="Anna Levi")

    assert await numbers(handler) == [other.claim_number, one.claim_number]
    assert await numbers(handler, q="anna") == [other.claim_number, one.claim_number]
    assert await numbers(handler, q="anna levi") == [other.claim_number]


async def test_search_follows_a_correction(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency, client_name="Anna Rossi", insured=Insured(name="Anna Rossi"))

    await desk.progress(state, client_name="Anna Bianchi", insured=Insured(name="Anna Bianchi"))

    assert await numbers(person, q="rossi") == []
    assert await numbers(person, q="bianchi") == [state.claim_number]


async def test_clients_are_found_by_name_phone_and_town_and_counted(desk: Desk) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    owner = client(agency, desk.clock.now())
    await desk.take(
        desk.event("client-registered", owner),
        desk.event("contract-registered", contract(agency, desk.clock.now(), owner)),
        desk.event("client-registered", client(agency, desk.clock.now(), name="Zoé Blanc", phone=None)),
    )
    await desk.add_claim(agency, client_id=owner.id)

    async def names(**parameters: str) -> list[Any]:
        answer = (await person.http.get("/api/v1/clients", params=parameters)).json()
        return [(one["name"], one["contracts"], one["open_claims"]) for one in answer["items"]]

    assert await names() == [("Hélène Dupont", 1, 1), ("Zoé Blanc", 0, 0)]
    assert await names(q="06 12 34 56 78") == [("Hélène Dupont", 1, 1)]
    assert await names(q="zoe lyon") == [("Zoé Blanc", 0, 0)]
    assert [name for name, *_ in await names(sort="-name")] == ["Zoé Blanc", "Hélène Dupont"]
