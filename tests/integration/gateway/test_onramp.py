"""The on-ramp: what a partner without Kafka may send, what it is told, and what reaches its topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import select, update

from services.gateway.identity.registry import issue_partner_key, revoke_partner_keys
from services.gateway.models import Partner
from services.gateway.projections.receipts import record_receipts
from shared.contracts.codes import PartnerKind
from shared.contracts.envelope import Actor, CloudEvent
from shared.contracts.partners import RECEIPT_TYPE, Reason, Receipt
from shared.contracts.policy import PartnerReference
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.tables import outbox
from tests.integration.gateway.frame import Desk, Recorder, document

GARAGE = "garage-lyon"


def message(message_id: str = "m-1", partner: str = GARAGE, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": f"urn:dossier:partner:{partner}",
        "type": "dossier.partner.repair-update.v1",
        "data": {"claim_number": "CL-2026-000117", "sequence": 1, "phase": "body", **data},
    }


@pytest.fixture
async def garage(desk: Desk) -> httpx.AsyncClient:
    key = await desk.partner(GARAGE)
    return desk.browser(headers={"Authorization": f"Bearer {key}"})


async def published(desk: Desk) -> list[Any]:
    async with desk.database.read(EVERY_AGENCY) as session:
        rows = await session.execute(
            select(outbox.c.topic, outbox.c.key, outbox.c.body)
            .where(outbox.c.topic.like("partners.%"))
            .order_by(outbox.c.position)
        )
        return list(rows.all())


async def receive(desk: Desk, receipt: Receipt, partner: str = GARAGE) -> None:
    event = CloudEvent[Receipt](
        id=f"r-{receipt.message_id}-{receipt.outcome}",
        source="urn:dossier:service:claims",
        type=RECEIPT_TYPE,
        subject=receipt.message_id,
        time=desk.clock.now(),
        data=receipt,
    )
    async with desk.database.write(EVERY_AGENCY) as session:
        await record_receipts(session, [(partner, event)])


async def test_a_message_is_accepted_and_its_own_bytes_go_to_the_partners_topic(
    desk: Desk, garage: httpx.AsyncClient
) -> None:
    body = orjson.dumps(message(), option=orjson.OPT_INDENT_2)

    answer = await garage.post("/partners/v1/repair-updates", content=body)

    assert (answer.status_code, answer.json()) == (202, {"message_id": "m-1"})
    assert [tuple(one) for one in await published(desk)] == [
        ("partners.garage-lyon.repair-updates.v1", "CL-2026-000117", body)
    ]


async def test_the_same_message_again_is_accepted_and_not_published_again(
    desk: Desk, garage: httpx.AsyncClient
) -> None:
    for _ in range(3):
        answer = await garage.post("/partners/v1/repair-updates", json=message())
        assert (answer.status_code, answer.json()) == (202, {"message_id": "m-1"})
    assert len(await published(desk)) == 1


async def test_the_same_id_with_another_content_is_a_conflict(desk: Desk, garage: httpx.AsyncClient) -> None:
    await garage.post("/partners/v1/repair-updates", json=message())

    answer = await garage.post("/partners/v1/repair-updates", json=message(percent=50))

    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        409,
        "message_id_reused",
        "id",
    )
    assert len(await published(desk)) == 1


async def test_ids_of_different_partners_do_not_meet(desk: Desk, garage: httpx.AsyncClient) -> None:
    other = desk.browser(headers={"Authorization": f"Bearer {await desk.partner('garage-haifa')}"})
    await garage.post("/partners/v1/repair-updates", json=message())

    answer = await other.post("/partners/v1/repair-updates", json=message(partner="garage-haifa", percent=5))

    assert answer.status_code == 202
    assert len(await published(desk)) == 2
    assert (await other.get("/partners/v1/receipts/m-2")).status_code == 404


async def test_a_message_that_is_wrong_is_told_so_at_once(desk: Desk, garage: httpx.AsyncClient) -> None:
    cases: list[tuple[Any, int, str, str | None]] = [
        (b"{", 400, "malformed", None),
        (b"[]", 400, "malformed", None),
        (b"\xff\xfe", 400, "malformed", None),
        ({"id": "x"}, 400, "malformed", "specversion"),
        ({**message(), "id": ""}, 400, "malformed", "id"),
        ({**message(), "data": "text"}, 400, "malformed", "data"),
        ({**message(), "source": "urn:dossier:partner:garage-haifa"}, 422, "schema", "source"),
        ({**message(), "type": "dossier.partner.claim-update.v1"}, 422, "schema", "type"),
        (message(phase="flying"), 422, "schema", "data.phase"),
        (message(percent="50"), 422, "schema", "data.percent"),
        (message(quote={"status": "quoted", "amount": 5}), 422, "schema", "data.quote.amount"),
        (message(sequence=-1), 422, "schema", "data.sequence"),
        (message(eta="soon"), 422, "schema", "data.eta"),
        (message(note="x" * (256 * 1024)), 413, "too_large", None),
    ]
    for body, status, code, field in cases:
        content = body if isinstance(body, bytes) else orjson.dumps(body)

        answer = await garage.post("/partners/v1/repair-updates", content=content)

        problem = answer.json()
        found = (answer.status_code, problem["code"], problem.get("field"))
        assert found == (status, code, field), problem["detail"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert await published(desk) == []


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(
    desk: Desk, garage: httpx.AsyncClient
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * 1024 * 1024:
            sent += 64 * 1024
            yield b" " * 64 * 1024

    answer = await garage.post("/partners/v1/repair-updates", content=endless())

    assert answer.status_code == 413
    assert sent < 1024 * 1024


async def test_unknown_fields_are_ignored(garage: httpx.AsyncClient) -> None:
    answer = await garage.post("/partners/v1/repair-updates", json={**message(colour="red"), "newattr": "1"})
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "header", [None, "Bearer ", "Bearer nonsense", "Bearer dossier_000000000000_x", "Basic eDp5"]
)
async def test_without_a_valid_key_nothing_is_taken(desk: Desk, header: str | None) -> None:
    http = desk.browser(headers={"Authorization": header} if header else {})
    for answer in (
        await http.post("/partners/v1/repair-updates", json=message()),
        await http.get("/partners/v1/receipts/m-1"),
        await http.post("/partners/v1/claims/CL-1/files", files={"file": ("a", b"x")}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_users_session_is_no_key(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    assert (await person.http.post("/partners/v1/repair-updates", json=message())).status_code == 401


async def test_a_key_with_the_right_prefix_and_a_wrong_secret_is_refused(
    desk: Desk, garage: httpx.AsyncClient
) -> None:
    key = garage.headers["authorization"]
    wrong = desk.browser(headers={"Authorization": key[:-1] + ("A" if key[-1] != "A" else "B")})
    assert (await wrong.get("/partners/v1/receipts/m-1")).status_code == 401


async def test_keys_rotate_and_are_revoked(desk: Desk, garage: httpx.AsyncClient) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        second = await issue_partner_key(session, GARAGE, at=desk.clock.now())
    rotated = desk.browser(headers={"Authorization": f"Bearer {second}"})
    assert {(await one.get("/partners/v1/receipts/m")).status_code for one in (garage, rotated)} == {404}

    async with desk.database.write(EVERY_AGENCY) as session:
        assert await revoke_partner_keys(session, GARAGE, at=desk.clock.now()) == 2

    assert {(await one.get("/partners/v1/receipts/m")).status_code for one in (garage, rotated)} == {401}


async def test_a_partner_that_is_switched_off_is_refused(desk: Desk, garage: httpx.AsyncClient) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(update(Partner).values(active=False))
    assert (await garage.post("/partners/v1/repair-updates", json=message())).status_code == 401


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (PartnerKind.GARAGE, {"repair-updates"}),
        (PartnerKind.INSURER, {"claim-updates", "contract-updates"}),
        (PartnerKind.APPRAISER, {"appraisal-updates"}),
    ],
)
async def test_each_kind_of_partner_has_its_own_endpoints(
    desk: Desk, kind: PartnerKind, allowed: set[str]
) -> None:
    key = await desk.partner("firm", kind)
    http = desk.browser(headers={"Authorization": f"Bearer {key}"})
    for endpoint in ("repair-updates", "claim-updates", "appraisal-updates", "contract-updates"):
        answer = await http.post(f"/partners/v1/{endpoint}", json={})
        assert answer.status_code == (400 if endpoint in allowed else 403), endpoint


async def test_the_other_kinds_of_updates_go_to_their_topics_under_their_numbers(desk: Desk) -> None:
    insurer = desk.browser(
        headers={"Authorization": f"Bearer {await desk.partner('alpha', PartnerKind.INSURER)}"}
    )
    common = {"specversion": "1.0", "source": "urn:dossier:partner:alpha"}
    updates = {
        "claim-updates": {
            **common,
            "id": "1",
            "type": "dossier.partner.claim-update.v1",
            "data": {"insurer_reference": "S-77", "sequence": 1},
        },
        "contract-updates": {
            **common,
            "id": "2",
            "type": "dossier.partner.contract-update.v1",
            "data": {"policy_number": "4501-889231", "sequence": 1, "status": "suspended"},
        },
    }
    for endpoint, body in updates.items():
        assert (await insurer.post(f"/partners/v1/{endpoint}", json=body)).status_code == 202

    assert [(one.topic, one.key) for one in await published(desk)] == [
        ("partners.alpha.claim-updates.v1", "S-77"),
        ("partners.alpha.contract-updates.v1", "4501-889231"),
    ]


async def test_a_receipt_is_pending_then_there_and_never_anothers(
    desk: Desk, garage: httpx.AsyncClient
) -> None:
    assert (await garage.get("/partners/v1/receipts/m-1")).json()["code"] == "unknown_message"
    await garage.post("/partners/v1/repair-updates", json=message())

    waiting = await garage.get("/partners/v1/receipts/m-1")
    assert waiting.status_code == 202
    assert waiting.json() == {"message_id": "m-1", "outcome": None, "status": "pending"}

    await receive(
        desk, Receipt(message_id="m-1", outcome="accepted", claim_number="CL-2026-000117", sequence=4)
    )
    answer = await garage.get("/partners/v1/receipts/m-1")
    assert answer.status_code == 200
    assert answer.json() == {
        "message_id": "m-1",
        "outcome": "accepted",
        "reason": None,
        "claim_number": "CL-2026-000117",
        "policy_number": None,
        "sequence": 4,
    }
    other = desk.browser(headers={"Authorization": f"Bearer {await desk.partner('garage-haifa')}"})
    assert (await other.get("/partners/v1/receipts/m-1")).status_code == 404


@pytest.mark.parametrize(
    "order", [("accepted", "duplicate"), ("duplicate", "accepted"), ("accepted", "rejected")]
)
async def test_the_first_receipt_that_says_what_became_of_a_message_stays(
    desk: Desk, garage: httpx.AsyncClient, order: tuple[str, str]
) -> None:
    for outcome in order:
        reason = Reason(code="unknown_claim", detail="?") if outcome == "rejected" else None
        await receive(desk, Receipt(message_id="a/b", outcome=outcome, reason=reason))  # type: ignore[arg-type]

    assert (await garage.get("/partners/v1/receipts/a/b")).json()["outcome"] == "accepted"


async def test_a_partner_that_sends_too_much_is_slowed_down(
    database_url: str, services: Recorder, tmp_path: Any
) -> None:
    desk = Desk(database_url, services, tmp_path, gateway_partner_rate=3, gateway_login_failures_address=2)
    http = desk.browser(headers={"Authorization": f"Bearer {await desk.partner(GARAGE)}"})
    stranger = desk.browser(headers={"Authorization": "Bearer dossier_000000000000_x"})

    statuses = [(await http.get("/partners/v1/receipts/m")).status_code for _ in range(4)]
    guesses = [(await stranger.get("/partners/v1/receipts/m")).status_code for _ in range(3)]

    assert statuses == [404, 404, 404, 429]
    assert guesses == [401, 401, 429]
    await desk.close()


async def test_a_partner_adds_files_to_its_own_claims_only(desk: Desk, garage: httpx.AsyncClient) -> None:
    agency = await desk.agency()
    mine = await desk.add_claim(agency)
    others = await desk.add_claim(agency, garage=PartnerReference(partner_id="garage-haifa", name="Haifa"))
    named = await desk.add_claim(agency, garage=PartnerReference(name="Garage de Lyon"))
    paper = document(
        agency, desk.clock.now(), Actor(kind="partner", id=GARAGE), claim_number=mine.claim_number
    )
    desk.services.will_answer("POST", "/files", {"result": paper.model_dump(mode="json"), "events": []}, 201)
    upload = {"file": ("photo.jpg", b"content", "image/jpeg")}

    answer = await garage.post(
        f"/partners/v1/claims/{mine.claim_number}/files", files=upload, data={"type": "damage_photo"}
    )

    assert answer.status_code == 201
    assert answer.json() == {
        "id": paper.id,
        "name": "damage.jpg",
        "type": "damage_photo",
        "content_type": "image/jpeg",
        "size": 1234,
    }
    for foreign in (others.claim_number, named.claim_number, "CL-0"):
        refused = await garage.post(f"/partners/v1/claims/{foreign}/files", files=upload)
        assert (refused.status_code, refused.json()["code"]) == (404, "claim_not_found")
    assert len(desk.services.asked) == 1
