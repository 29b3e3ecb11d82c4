"""Claims over HTTP: commands of the desk, their refusals, and whose claims they may touch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.claims.app import create_app
from services.claims.settings import ClaimsSettings
from shared.contracts.topics import CLAIM_UPDATES
from shared.db.migrations import migrate_async
from shared.db.tenancy import Role, Scope
from shared.http.tokens import sign
from tests.integration.claims.frame import Service
from tests.unit.claims.factories import (
    FRENCH_AGENCY,
    GARAGE,
    INSURER,
    ISRAELI_AGENCY,
    cheque_payment,
    client,
    contract,
)

NUMBER = "CL-2026-000001"
BROKER = Scope("user-fr", "broker", (FRENCH_AGENCY,), "Claire")
FOREIGN = Scope("user-il", "broker", (ISRAELI_AGENCY,), "Dana")
HANDLER = Scope("user-both", "handler", (FRENCH_AGENCY, ISRAELI_AGENCY), "Noa")
NEW = {"policy_number": "FR-100-200", "kind": "own_damage", "event_date": "2026-03-01"}


class Desk:
    """The service over HTTP, and its bus side fed by hand."""

    def __init__(self, service: Service, settings: ClaimsSettings, http: httpx.AsyncClient) -> None:
        self.service = service
        self._settings = settings
        self._http = http

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        scope: Scope | None = BROKER,
        key: str | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {sign(self._settings, scope, 'claims')}"} if scope else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self._http.request(method, path, json=body, headers=headers)

    async def post(self, path: str, body: Any, status: int = 200, **given: Any) -> dict[str, Any]:
        answer = await self("POST", path, body, **given)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def desk(service: Service, database_url: str) -> AsyncIterator[Desk]:
    await migrate_async("claims", database_url)
    settings = ClaimsSettings(claims_database_url=database_url)
    app = create_app(settings, service.clock)
    await service.knows(contract(), client())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://claims") as http:
        yield Desk(service, settings, http)
    await app.state.database.dispose()


async def test_a_broker_registers_a_claim_and_is_given_its_number_and_events(desk: Desk) -> None:
    answer = await desk.post("/claims", NEW | {"garage": GARAGE.model_dump()}, 201)
    claim = answer["result"]
    assert (claim["claim_number"], claim["agency_id"], claim["plate"]) == (NUMBER, FRENCH_AGENCY, "AB-123-CD")
    assert (claim["insured"]["name"], claim["insurer"]["partner_id"]) == ("Jeanne Martin", INSURER.partner_id)
    (event,) = answer["events"]
    assert (event["type"], event["data"]["state"]) == ("dossier.claims.claim-registered.v1", claim)
    assert event["data"]["actor"] == {"kind": "user", "id": "user-fr", "name": "Claire"}
    assert [topic for topic, _ in await desk.service.published()] == ["claims.events.v1"]


async def test_a_repeated_registration_with_the_same_key_gets_the_same_answer(desk: Desk) -> None:
    first = await desk.post("/claims", NEW, 201, key="a-key-of-mine")
    assert await desk.post("/claims", NEW, 201, key="a-key-of-mine") == first
    other = await desk.post("/claims", NEW | {"kind": "glass"}, 409, key="a-key-of-mine")
    assert other["code"] == "idempotency_key_reused"
    assert (await desk.post("/claims", NEW, 201, key="another-key"))["result"][
        "claim_number"
    ] == "CL-2026-000002"


@pytest.mark.parametrize(
    ("given", "status", "code", "field"),
    [
        ({"policy_number": "none"}, 404, "unknown_policy", "policy_number"),
        ({"policy_number": "none\u0000"}, 422, "schema", None),
        ({"event_date": "2027-01-01"}, 422, "event_in_future", "event_date"),
        ({"kind": "nonsense"}, 422, "schema", "kind"),
        ({"garge": None}, 422, "schema", "garge"),
    ],
)
async def test_a_registration_that_cannot_be_is_a_problem(
    desk: Desk, given: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    problem = await desk.post("/claims", NEW | given, status)
    assert (problem["type"], problem.get("field")) == (f"urn:dossier:problem:{code}", field)


async def test_the_claim_is_read_with_its_history_newest_first(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    await desk.post(f"/claims/{NUMBER}/status", {"status": "registered", "note": "called the insurer"})
    answer = (await desk("GET", f"/claims/{NUMBER.lower()}")).json()
    assert answer["result"]["status"] == "registered"
    newest, first = answer["history"]
    assert (newest["sequence"], newest["happening"], first["happening"]) == (
        2,
        "claim-status-changed",
        "claim-registered",
    )
    assert newest["changes"] == [
        {"field": "status", "old": "reported", "new": "registered"},
        {"field": "note", "old": None, "new": "called the insurer"},
    ]


async def test_an_illegal_step_is_a_conflict(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    await desk.post(f"/claims/{NUMBER}/status", {"status": "closed"})
    problem = await desk.post(f"/claims/{NUMBER}/status", {"status": "approved"}, 409)
    assert (problem["code"], problem["field"]) == ("illegal_transition", "status")


async def test_the_same_status_again_is_no_event(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    answer = await desk.post(f"/claims/{NUMBER}/status", {"status": "reported"})
    assert (answer["events"], answer["result"]["sequence"]) == ([], 1)


async def test_parties_are_assigned_and_taken_off(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    answer = await desk.post(f"/claims/{NUMBER}/parties", {"garage": GARAGE.model_dump()})
    assert (answer["result"]["repair"]["phase"], answer["events"][0]["type"]) == (
        "assigned",
        "dossier.claims.claim-parties-changed.v1",
    )
    answer = await desk.post(f"/claims/{NUMBER}/parties", {"garage": None})
    assert (answer["result"]["garage"], answer["result"]["repair"]) == (None, None)


async def test_a_note_is_written_into_the_history(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    answer = await desk.post(f"/claims/{NUMBER}/note", {"note": " the client calls back "})
    assert answer["events"][0]["data"]["changes"] == [
        {"field": "note", "old": None, "new": "the client calls back"}
    ]
    assert (await desk.post(f"/claims/{NUMBER}/note", {"note": "  "}, 422))["field"] == "note"


async def test_a_cheque_is_moved_by_the_reference_of_its_payment(desk: Desk) -> None:
    await desk.post("/claims", NEW, 201)
    update = {"claim_number": NUMBER, "sequence": 1, "payments": [cheque_payment(reference="P/2026 1")]}
    await desk.service.push("insurer-alpha", CLAIM_UPDATES, update)
    path = f"/claims/{NUMBER}/cheques"
    answer = await desk.post(f"{path}/P%2F2026%201", {"status": "received"})
    assert answer["result"]["settlement"]["payments"][0]["cheque"]["status"] == "received"
    assert answer["events"][0]["type"] == "dossier.claims.cheque-changed.v1"
    assert (await desk.post(f"{path}/P%2F2026%201", {"status": "announced"}, 409))[
        "code"
    ] == "illegal_transition"
    assert (await desk.post(f"{path}/P-9", {"status": "cleared"}, 404))["code"] == "unknown_cheque"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/status", {"status": "registered"}),
        ("POST", "/parties", {"garage": None}),
        ("POST", "/note", {"note": "x"}),
        ("POST", "/cheques/P-1", {"status": "cleared"}),
    ],
)
async def test_the_claim_of_another_agency_is_as_unknown_as_none(
    desk: Desk, method: str, path: str, body: Any
) -> None:
    await desk.post("/claims", NEW, 201)
    for number in (NUMBER, "CL-2026-999999", "%00"):
        answer = await desk(method, f"/claims/{number}{path}", body, scope=FOREIGN)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_claim")
    assert (await desk.service.claim()).sequence == 1


async def test_a_contract_of_another_agency_is_unknown_too(desk: Desk) -> None:
    assert (await desk.post("/claims", NEW, 404, scope=FOREIGN))["code"] == "unknown_policy"
    given = NEW | {"agency_id": FRENCH_AGENCY}
    assert (await desk.post("/claims", given, 404, scope=FOREIGN))["code"] == "unknown_policy"


async def test_a_handler_of_two_agencies_sees_the_claims_of_both(desk: Desk) -> None:
    await desk.service.knows(contract(id="00000000-0000-7000-8000-0000000000a2", agency_id=ISRAELI_AGENCY))
    assert (await desk.post("/claims", NEW, 409, scope=HANDLER))["code"] == "ambiguous_policy"
    for agency, number in ((FRENCH_AGENCY, NUMBER), (ISRAELI_AGENCY, "CL-2026-000002")):
        await desk.post("/claims", NEW | {"agency_id": agency}, 201, scope=HANDLER)
        answer = await desk("GET", f"/claims/{number}", scope=HANDLER)
        assert answer.json()["result"]["agency_id"] == agency


@pytest.mark.parametrize(("role", "status"), [("ops", 403), ("system", 403), ("manager", 404)])
async def test_only_the_people_of_agencies_are_served(desk: Desk, role: Role, status: int) -> None:
    answer = await desk("GET", f"/claims/{NUMBER}", scope=Scope("u", role, (FRENCH_AGENCY,)))
    assert answer.status_code == status


async def test_without_a_token_nothing_is_told(desk: Desk) -> None:
    assert (await desk("GET", f"/claims/{NUMBER}", scope=None)).status_code == 401
