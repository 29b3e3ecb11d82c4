"""Every route of the running stack, with the ids of both agencies: nobody sees or changes what is not his."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import PartnerLine, onramp, partner
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

PUBLIC = re.compile(
    r"^/(health|metrics|login|logout|language|theme|static|styleguide|asyncapi|api/v1/(openapi|session))"
)
"""Nobody's data (the style guide has samples), or the visitor's own log-in."""
PARTNERS = "/partners/"
STREAM = "/live"
NOBODYS = "01a20000-0000-7000-8000-000000000000"
BODIES: dict[str, dict[str, Any]] = {
    "status": {"status": "under_assessment", "note": "x"},
    "note": {"note": "x"},
    "parties": {"third_parties": []},
    "confirm-contact": {"details": ["email"]},
    "contact": {"email": "x@demo.example"},
    "cheques": {"status": "received"},
}


@dataclass(frozen=True)
class Owned:
    """What one agency has: an example of everything by path parameter, and all its ids."""

    values: dict[str, str]
    ids: frozenset[str]


def picture() -> bytes:
    """A small photo."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Every method and path that the gateway serves."""
    app = create_app(GatewaySettings(data_dir=tmp_path_factory.mktemp("routes")))
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        contexts: Any = getattr(route, "effective_route_contexts", None)
        declared: list[Any] = list(contexts()) if contexts is not None else [route]
        found |= {(method, one.path) for one in declared for method in one.methods}
    assert ("GET", "/api/v1/claims") in found
    return sorted(found)


async def _owned(stack: Stack, desk: Desk, line: PartnerLine, insurer_id: str) -> Owned:
    """Make one of everything for an agency: a file, an alert, a payment with a cheque."""
    claims = await desk.claims(state="all")
    clients: list[dict[str, Any]] = []
    answer = await desk.get("/clients")
    for page in range(1, answer["pages"] + 1):
        clients += (await desk.get("/clients", page=page))["items"]
    insurer = partner(stack, insurer_id)
    claim = next(one for one in claims if one["claim_number"] in insurer.claim_numbers)
    number, reference = claim["claim_number"], f"PAY-{uuid.uuid4().hex[:8]}"
    message = insurer.message(
        "claim-updates",
        {
            "claim_number": number,
            "payments": [
                {
                    "reference": reference,
                    "kind": "indemnity",
                    "payee": "x",
                    "amount": "10.00",
                    "currency": "EUR",
                    "method": "cheque",
                    "cheque": {"number": reference, "bank": "b", "matures_on": "2027-12-31"},
                }
            ],
        },
    )
    await line.push(message)
    assert (await line.answer(message.id))["outcome"] == "accepted"
    added = await desk.client.post(
        f"/api/v1/claims/{number}/files", files={"file": ("p.jpg", picture(), "image/jpeg")}
    )
    assert added.status_code == 201, added.text

    async def alert() -> str:
        items = (await desk.get("/alerts"))["items"]
        return next((str(one["id"]) for one in items if one["claim_number"] == number), "")

    values = {
        "claim_number": number,
        "client_id": claim["client"]["id"],
        "policy_number": claim["policy_number"],
        "document_id": added.json()["id"],
        "file_id": added.json()["id"],
        "alert_id": await soon(alert),
        "payment_reference": reference,
        "message_id": message.id,
        "session_id": await _session_of(desk),
    }
    ids = {one["claim_number"] for one in claims} | {one["id"] for one in clients}
    ids |= {one["policy_number"] for one in claims} | set(values.values())
    return Owned(values, frozenset(ids))


async def _session_of(desk: Desk) -> str:
    """The id of one of the user's log-ins, as his profile names it."""
    page = await desk.client.get("/profile")
    found = re.search(r"/profile/sessions/([^/]+)/end", page.text)
    return found[1] if found else str(uuid.uuid4())


@dataclass(frozen=True)
class Sides:
    """Two agencies that must not know of each other."""

    french: Desk
    israeli: Desk
    of_french: Owned
    of_israeli: Owned


@pytest_asyncio.fixture(loop_scope="session")
async def sides(stack: Stack, broker_fr: Desk, broker_il: Desk, line: PartnerLine) -> AsyncIterator[Sides]:
    yield Sides(
        broker_fr,
        broker_il,
        await _owned(stack, broker_fr, line, "insurer-alpha"),
        await _owned(stack, broker_il, line, "insurer-beta"),
    )


def _filled(template: str, values: dict[str, str]) -> str:
    """Fill in an example. What belongs to one user alone (a saved view) has none: any id is a foreign one."""
    return re.sub(r"\{(\w+)(?::path)?\}", lambda match: values.get(match[1], NOBODYS), template)


async def _ask(http: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    if method in {"GET", "HEAD"}:
        return await http.request(method, path)
    if path.endswith("/files"):
        return await http.post(path, files={"file": ("a.jpg", picture(), "image/jpeg")})
    body = next((value for name, value in BODIES.items() if name in path.split("/")[-3:]), {})
    if path.startswith("/api"):
        return await http.request(method, path, json=body)
    return await http.request(method, path, data=body)


def _desk_routes(routes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [
        (method, path)
        for method, path in routes
        if not PUBLIC.match(path) and not path.startswith(PARTNERS) and path != STREAM
    ]


async def _seen_by(desk: Desk, owned: Owned) -> list[Any]:
    """What the owner sees of the things that others try to change."""
    paths = (
        "/claims/{claim_number}",
        "/clients/{client_id}",
        "/contracts/{policy_number}",
        "/files/{file_id}",
    )
    return [await desk.get(_filled(path, owned.values)) for path in paths] + [
        (await desk.get("/alerts"))["unread"]
    ]


async def test_no_route_shows_or_changes_what_belongs_to_the_other_agency(
    routes: list[tuple[str, str]], sides: Sides
) -> None:
    wrong: list[str] = []
    walked = 0
    for desk, other, mine, theirs in (
        (sides.french, sides.israeli, sides.of_french, sides.of_israeli),
        (sides.israeli, sides.french, sides.of_israeli, sides.of_french),
    ):
        number = theirs.values["claim_number"]
        before = await _seen_by(other, theirs)
        foreign = theirs.ids - mine.ids
        for method, template in _desk_routes(routes):
            path = _filled(template, theirs.values)
            answer = await _ask(desk.client, method, path)
            told = [one for one in foreign if one in answer.text and one not in path]
            there = method == "GET" and "{" in template and answer.status_code != 404
            if told or there or answer.status_code >= 500:
                wrong.append(f"{method} {path}: {answer.status_code} tells {told[:3]}")
            walked += 1
        assert await _seen_by(other, theirs) == before, number
    assert walked > 2 * 30
    assert not wrong, "\n".join(wrong)


async def test_the_owner_is_served_by_every_page_and_query(
    routes: list[tuple[str, str]], sides: Sides
) -> None:
    wrong = []
    for desk, mine in ((sides.french, sides.of_french), (sides.israeli, sides.of_israeli)):
        for method, template in _desk_routes(routes):
            path = _filled(template, mine.values)
            if method == "GET" and NOBODYS not in path:
                answer = await desk.client.get(path, follow_redirects=True)
                if answer.status_code not in {200, 204}:  # 204: no toast for an alert that was read
                    wrong.append(f"{path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


async def test_search_finds_nothing_of_the_other_agency(sides: Sides) -> None:
    theirs = sides.of_israeli.values
    name = (await sides.israeli.claim(theirs["claim_number"]))["client"]["name"]
    for text in (theirs["claim_number"], theirs["policy_number"], name):
        assert (await sides.french.get("/claims", q=text, state="all"))["total"] == 0
        page = await sides.french.client.get("/search", params={"q": text})
        assert page.status_code == 200
        assert theirs["client_id"] not in page.text
        assert f"/claims/{theirs['claim_number']}" not in page.text
    assert (await sides.israeli.get("/claims", q=name, state="all"))["total"] > 0


async def test_the_live_feed_tells_each_agency_its_own_only(
    stack: Stack, sides: Sides, line: PartnerLine
) -> None:
    lyon, haifa = partner(stack, "garage-lyon"), partner(stack, "garage-haifa")
    async with (
        sides.french.live() as french,
        sides.israeli.live() as israeli,
        desk_of(stack, "handler") as desk,
        desk.live() as both,
    ):
        cars: dict[str, str] = {}
        for garage, side in ((lyon, sides.french), (haifa, sides.israeli)):
            claim = await side.claim(garage.claim_numbers[0])
            cars[garage.id] = garage.claim_numbers[0]
            data = {
                "claim_number": garage.claim_numbers[0],
                "phase": claim["repair"]["phase"],
                "note": uuid.uuid4().hex,
            }
            await line.push(garage.message("repair-updates", data))
        for live, number in ((french, cars["garage-lyon"]), (israeli, cars["garage-haifa"])):
            await live.wait_for(
                lambda one, number=number: one.data.get("claim_number") == number  # type: ignore[misc]
            )
        for number in cars.values():
            await both.wait_for(
                lambda one, number=number: one.data.get("claim_number") == number  # type: ignore[misc]
            )
        foreign = (
            (french, sides.of_israeli.ids - sides.of_french.ids),
            (israeli, sides.of_french.ids - sides.of_israeli.ids),
        )
        for live, ids in foreign:
            assert not [one for one in live.events if set(map(str, one.data.values())) & ids]


async def test_operations_and_strangers_see_no_client_data(
    routes: list[tuple[str, str]], stack: Stack, sides: Sides
) -> None:
    wrong: list[str] = []
    mine = sides.of_french
    async with desk_of(stack, "ops") as ops, httpx.AsyncClient(base_url=stack.url) as nobody:
        for method, template in [*_desk_routes(routes), ("GET", STREAM)]:
            path = _filled(template, mine.values)
            for who, http in (("ops", ops.client), ("nobody", nobody)):
                answer = await _ask(http, method, path)
                told = [one for one in mine.ids if one in answer.text and one not in path]
                refused = answer.status_code in {401, 403, 404}
                to_login = answer.status_code == 303 and "/login" in answer.headers["location"]
                harmless = who == "ops" and "{" not in template and answer.status_code < 500
                if told or not (refused or harmless or (who == "nobody" and to_login)):
                    wrong.append(f"{who} {method} {path}: {answer.status_code} tells {told[:3]}")
    assert not wrong, "\n".join(wrong)


async def test_partners_reach_only_claims_and_receipts_of_their_own(stack: Stack, sides: Sides) -> None:
    photo = {"file": ("a.jpg", picture(), "image/jpeg")}
    mine = sides.of_french.values
    async with onramp(stack, partner(stack, "garage-haifa")) as http:
        assert (await http.post(f"/claims/{mine['claim_number']}/files", files=photo)).status_code == 404
        assert (await http.get(f"/receipts/{mine['message_id']}")).status_code == 404
    async with onramp(stack, partner(stack, "insurer-alpha")) as http:
        assert (await http.get(f"/receipts/{mine['message_id']}")).status_code == 200


async def test_the_services_answer_nobody_who_has_no_token_of_the_gateway(stack: Stack, sides: Sides) -> None:
    mine = sides.of_french.values
    paths = {
        "policy": (f"/clients/{mine['client_id']}", f"/contracts/{mine['policy_number']}"),
        "claims": (f"/claims/{mine['claim_number']}",),
        "documents": (f"/files/{mine['document_id']}", f"/files/{mine['document_id']}/content"),
        "notifications": ("/clocks", f"/alerts/{mine['alert_id']}"),
    }
    async with httpx.AsyncClient() as http:
        for service, asked in paths.items():
            for path in asked:
                answer = await http.get(stack.url_of(service) + path)
                assert answer.status_code == 401, f"{service}{path}: {answer.status_code}"


def test_the_data_folder_shows_its_keys_to_its_owner_only(stack: Stack) -> None:
    assert Path(stack.data_dir / "demo.json").stat().st_mode & 0o077 == 0
