"""Every route, walked by the owner's agency, by another agency, by operations and by nobody.

A route that is not in the table fails: whoever adds one says here whose data it shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import select, true

from services.gateway.models import UserSession
from services.gateway.queries import claim
from shared.contracts.claims import Insured
from shared.contracts.codes import PartnerKind, Role
from shared.contracts.policy import Risk
from shared.db.lookup import Lookup, Terms
from shared.db.tenancy import EVERY_AGENCY
from shared.identifiers import new_id
from tests.integration.gateway.frame import PASSWORD, Desk, Person, client, contract

CANARY: Final = "Quetzalcoatl"
"""In every text of the owner's agency; whoever sees it sees that agency's data."""

Kind = Literal["public", "mine", "listed", "one", "command", "mark", "stream", "partner"]
"""public: no data of anybody. mine: of the session itself. listed: only what is in scope. one: by id, 404 outside the
scope. command: passed to a service, on behalf of the caller's agencies. mark: by id, a mark of the caller's own."""

WALK: Final[dict[tuple[str, str], Kind]] = {
    ("GET", "/health/live"): "public",
    ("GET", "/health/ready"): "public",
    ("GET", "/metrics"): "public",
    ("GET", "/api/v1/openapi.json"): "public",
    ("GET", "/asyncapi.json"): "public",
    ("POST", "/api/v1/session"): "public",
    ("DELETE", "/api/v1/session"): "public",
    ("GET", "/api/v1/session"): "mine",
    ("GET", "/api/v1/claims"): "listed",
    ("POST", "/api/v1/claims"): "command",
    ("GET", "/api/v1/claims/{claim_number}"): "one",
    ("POST", "/api/v1/claims/{claim_number}/seen"): "mark",
    ("POST", "/api/v1/claims/{claim_number}/status"): "command",
    ("POST", "/api/v1/claims/{claim_number}/parties"): "command",
    ("POST", "/api/v1/claims/{claim_number}/note"): "command",
    ("POST", "/api/v1/claims/{claim_number}/cheques/{payment_reference:path}"): "command",
    ("POST", "/api/v1/claims/{claim_number}/files"): "mark",
    ("GET", "/api/v1/files/{document_id}"): "one",
    ("GET", "/api/v1/files/{document_id}/content"): "one",
    ("GET", "/api/v1/files/{document_id}/thumbnail"): "one",
    ("GET", "/api/v1/files/{document_id}/download"): "one",
    ("DELETE", "/api/v1/files/{document_id}"): "mark",
    ("POST", "/api/v1/files/{document_id}/restore"): "mark",
    ("POST", "/api/v1/files/{document_id}/type"): "mark",
    ("GET", "/api/v1/clients"): "listed",
    ("GET", "/api/v1/clients/{client_id}"): "one",
    ("POST", "/api/v1/clients/{client_id}/confirm-contact"): "command",
    ("POST", "/api/v1/clients/{client_id}/contact"): "command",
    ("GET", "/api/v1/contracts/{policy_number:path}"): "one",
    ("GET", "/api/v1/alerts"): "listed",
    ("POST", "/api/v1/alerts/read-all"): "mine",
    ("POST", "/api/v1/alerts/{alert_id}/read"): "mark",
    ("GET", "/api/v1/messages"): "mine",
    ("POST", "/partners/v1/repair-updates"): "partner",
    ("POST", "/partners/v1/claim-updates"): "partner",
    ("POST", "/partners/v1/appraisal-updates"): "partner",
    ("POST", "/partners/v1/contract-updates"): "partner",
    ("GET", "/partners/v1/receipts/{message_id:path}"): "partner",
    ("POST", "/partners/v1/claims/{claim_number}/files"): "partner",
    ("GET", "/live"): "stream",
    ("GET", "/login"): "public",
    ("POST", "/login"): "public",
    ("POST", "/logout"): "public",
    ("POST", "/language"): "public",
    ("POST", "/theme"): "public",
    ("GET", "/static/{package}/{path:path}"): "public",
    ("HEAD", "/static/{package}/{path:path}"): "public",
    ("GET", "/profile"): "mine",
    ("POST", "/profile"): "mine",
    ("POST", "/profile/password"): "mine",
    ("POST", "/profile/sessions/end-others"): "mine",
    ("POST", "/profile/sessions/{session_id}/end"): "mark",
    ("GET", "/styleguide"): "public",
    ("GET", "/search/results"): "listed",
    ("POST", "/files/{file_id}/type"): "mark",
    ("POST", "/files/{file_id}/remove"): "mark",
    ("POST", "/files/{file_id}/restore"): "mark",
    ("GET", "/"): "listed",
    ("GET", "/search"): "listed",
    ("GET", "/claims"): "listed",
    ("GET", "/claims/views/{view_id}"): "mark",
    ("POST", "/claims/views"): "mine",
    ("POST", "/claims/views/{view_id}/rename"): "mark",
    ("POST", "/claims/views/{view_id}/move"): "mark",
    ("POST", "/claims/views/{view_id}/delete"): "mark",
    ("POST", "/claims/views/{view_id}/restore"): "mark",
    ("POST", "/claims/read"): "mine",
    ("POST", "/claims/read/{undo_id}/undo"): "mine",
    ("POST", "/claims/{claim_number}/close"): "command",
    ("POST", "/claims/{claim_number}/reopen"): "command",
    ("POST", "/claims/{claim_number}/parties"): "command",
    ("GET", "/claims/{claim_number}"): "one",
    ("POST", "/claims/{claim_number}/note"): "command",
    ("POST", "/claims/{claim_number}/status"): "command",
    ("POST", "/claims/{claim_number}/cheques/{payment_reference:path}"): "command",
    ("POST", "/claims/{claim_number}/files"): "mark",
    ("POST", "/clients/{client_id}/files"): "mark",
    ("POST", "/contracts/{policy_number:path}/files"): "mark",
    ("GET", "/files/{file_id}"): "one",
    ("GET", "/clients"): "listed",
    ("GET", "/clients/{client_id}"): "one",
    ("POST", "/clients/{client_id}/confirm-contact"): "command",
    ("POST", "/clients/{client_id}/contact"): "command",
    ("POST", "/clients/{client_id}/particulars"): "command",
    ("POST", "/clients/{client_id}/identity-number"): "command",
    ("GET", "/contracts/{policy_number:path}"): "one",
    ("GET", "/alerts"): "listed",
    ("GET", "/alerts/latest"): "listed",
    ("GET", "/alerts/unread"): "mine",
    ("GET", "/alerts/{alert_id}/toast"): "one",
    ("GET", "/alerts/{alert_id}"): "mark",
    ("POST", "/alerts/read"): "mine",
    ("POST", "/alerts/read/{undo_id}/undo"): "mine",
    ("POST", "/alerts/{alert_id}/read"): "mark",
}

BODIES: Final[dict[str, dict[str, Any]]] = {
    "status": {"status": "approved", "note": "x"},
    "note": {"note": "x"},
    "confirm-contact": {"details": ["email"]},
    "contact": {"email": "x@demo.example"},
    "cheques": {"status": "received"},
    "type": {"type": "damage_photo"},
    "views": {"name": "y", "query": "kind=glass", "steps": 1},
    "close": {"note": "x"},
    "reopen": {"note": "x"},
    "particulars": {"last_name": "x"},
    "password": {"old": PASSWORD, "password": PASSWORD, "repeated": PASSWORD},
    "profile": {"name": "x", "language": "fr"},
}


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Every method and path, those of included routers too."""
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        contexts: Any = getattr(route, "effective_route_contexts", None)
        declared: list[Any] = list(contexts()) if contexts is not None else [route]
        found |= {(method, one.path) for one in declared for method in one.methods}
    return found


@dataclass(frozen=True)
class Owned:
    """What an agency has, by the names of path parameters; its broker was there before it, so that all is news."""

    agency: str
    broker: Person
    values: dict[str, str]

    def path(self, template: str) -> str:
        return re.sub(r"\{(\w+)(?::path)?\}", lambda match: self.values[match[1]], template)

    def secrets_beyond(self, path: str) -> list[str]:
        """What must not be told to others: the texts, and the ids that the question did not name itself."""
        return [
            CANARY,
            *(
                self.values[name]
                for name in ("client_id", "document_id", "alert_id")
                if self.values[name] not in path
            ),
        ]


@pytest.fixture
async def owned(desk: Desk) -> Owned:
    return await _fill(desk, CANARY, "000777")


@pytest.fixture
async def stranger(desk: Desk, owned: Owned) -> Person:
    """A broker of another agency, which has the same things of its own."""
    del owned
    return (await _fill(desk, "Tlaloc", "000888")).broker


async def _fill(desk: Desk, name: str, number: str) -> Owned:
    """One of everything, so that every list and page has something to show."""
    agency = await desk.agency(name)
    broker = await desk.person(agency)
    now = desk.clock.now()
    insured = client(agency, now, name=name, last_name=name)
    policy = contract(
        agency,
        now,
        insured,
        policy_number=f"P-{number}",
        client_name=name,
        risk=Risk(kind="vehicle", make=name),
    )
    await desk.take(desk.event("client-registered", insured), desk.event("contract-registered", policy))
    state = await desk.add_claim(
        agency,
        claim_number=f"CL-2026-{number}",
        client_id=insured.id,
        client_name=name,
        policy_number=policy.policy_number,
        insured=Insured(name=name),
        description=name,
    )
    paper = await desk.add_document(agency, claim_number=state.claim_number, name=f"{name}.jpg")
    alert = await desk.raise_alert(state)
    values = {
        "claim_number": state.claim_number,
        "payment_reference": "P/1",
        "document_id": paper.id,
        "file_id": paper.id,
        "client_id": insured.id,
        "policy_number": policy.policy_number,
        "alert_id": alert.id,
        "message_id": "m-1",
        "session_id": await _other_session(desk, broker),
        "view_id": await _saved_view(broker),
        "undo_id": new_id(),
        "package": "desk@1",
        "path": "nothing.css",
    }
    return Owned(agency, broker, values)


async def _saved_view(person: Person) -> str:
    """Have the person name a list."""
    await person.http.post("/claims/views", data={"name": "z", "query": "kind=fire"})
    found = re.search(r"/claims/views/([0-9a-f-]{36})/rename", (await person.http.get("/claims")).text)
    return found[1] if found else ""


async def _other_session(desk: Desk, person: Person) -> str:
    """Log the person in on one more device."""
    await desk.browser().post("/api/v1/session", json={"email": person.email, "password": PASSWORD})
    async with desk.database.read(EVERY_AGENCY) as session:
        found = await session.scalars(
            select(UserSession.id).where(UserSession.user_id == person.id).order_by(UserSession.id.desc())
        )
    return found.first() or ""


async def ask(http: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    if method in {"GET", "HEAD"}:
        parameters = (
            {"q": CANARY[:6]} if path in {"/search", "/search/results", "/claims", "/clients"} else None
        )
        return await http.request(method, path, params=parameters)
    if path.endswith("/files"):
        return await http.post(path, files={"file": ("a.jpg", b"content", "image/jpeg")})
    body = next((value for name, value in BODIES.items() if name in path.split("/")[-3:]), {})
    if path.startswith(("/api", "/partners")):
        return await http.request(method, path, json=body)
    return await http.request(method, path, data=body)


Check = Callable[[Kind, str, httpx.Response], bool]


async def walk(desk: Desk, owned: Owned, http: httpx.AsyncClient, kinds: set[Kind], check: Check) -> None:
    """Ask every route of these kinds for the owner's things, and name those whose answer is not as it should be."""
    wrong = []
    walked = 0
    reading_first = sorted(
        WALK.items(), key=lambda one: (one[1] in {"mark", "mine", "command"}, "/toast" not in one[0][1])
    )
    for (method, template), kind in reading_first:
        if kind not in kinds:
            continue
        path = owned.path(template)
        desk.services.asked.clear()
        desk.services.tokens.clear()
        answer = await ask(http, method, path)
        walked += 1
        if not check(kind, path, answer):
            wrong.append(f"{method} {template}: {answer.status_code} {answer.text[:200]}")
    assert walked
    assert not wrong, "\n".join(wrong)


def agencies_of(token: str) -> list[str]:
    """For which agencies the gateway speaks to a service."""
    found: list[str] = jwt.decode(token, options={"verify_signature": False})["agencies"]
    return found


def tells(owned: Owned, path: str, answer: httpx.Response) -> bool:
    return any(secret in answer.text for secret in owned.secrets_beyond(path))


def test_every_route_stands_in_the_walk(desk: Desk) -> None:
    assert routes_of(desk.app) == set(WALK)


async def test_the_owner_is_served(desk: Desk, owned: Owned) -> None:
    for what in ("content", "thumbnail", "download"):
        desk.services.will_answer("GET", f"/files/{owned.values['document_id']}/{what}", CANARY.encode())
    paper = {"id": "x", "name": "a", "type": "other", "content_type": "image/jpeg", "size": 1}
    desk.services.will_answer("POST", "/files", {"result": paper, "events": []}, 201)
    kept = f"/files/{owned.values['document_id']}"
    for method, path in (("DELETE", kept), ("POST", f"{kept}/restore"), ("POST", f"{kept}/type")):
        desk.services.will_answer(method, path, {"result": paper, "events": []})

    def check(kind: Kind, path: str, answer: httpx.Response) -> bool:
        shown = answer.request.method != "GET" or kind == "mark" or CANARY in answer.text
        return answer.status_code < 400 and shown

    await walk(desk, owned, owned.broker.http, {"listed", "one", "mark"}, check)


async def test_another_agency_sees_nothing_of_it_and_changes_nothing(
    desk: Desk, owned: Owned, stranger: Person
) -> None:
    def check(kind: Kind, path: str, answer: httpx.Response) -> bool:
        if tells(owned, path, answer):
            return False
        if any(owned.agency in agencies_of(token) for token in desk.services.tokens):
            return False
        if kind in {"one", "mark"}:
            return answer.status_code == 404 and desk.services.asked == []
        return kind == "command" or answer.status_code < 400

    await walk(desk, owned, stranger.http, {"listed", "one", "mark", "command", "mine"}, check)


async def test_nobody_is_sent_to_the_log_in(desk: Desk, owned: Owned) -> None:
    def check(_kind: Kind, path: str, answer: httpx.Response) -> bool:
        to_login = answer.status_code in {302, 303} and answer.headers["location"].startswith("/login")
        return (
            (answer.status_code == 401 or to_login)
            and not tells(owned, path, answer)
            and not desk.services.asked
        )

    await walk(desk, owned, desk.browser(), {"listed", "one", "mark", "command", "mine", "stream"}, check)


async def test_operations_see_no_client_data(desk: Desk, owned: Owned) -> None:
    person = await desk.person(role=Role.OPS)

    def check(kind: Kind, path: str, answer: httpx.Response) -> bool:
        refused = answer.status_code in {403, 404} or kind == "listed"
        return refused and not tells(owned, path, answer) and not desk.services.asked

    await walk(desk, owned, person.http, {"listed", "one", "mark", "command", "stream"}, check)


async def test_a_partner_that_has_nothing_to_do_with_it_is_not_served(desk: Desk, owned: Owned) -> None:
    key = await desk.partner("garage-haifa", PartnerKind.GARAGE)
    http = desk.browser(headers={"Authorization": f"Bearer {key}"})

    def check(_kind: Kind, path: str, answer: httpx.Response) -> bool:
        return (
            answer.status_code in {400, 403, 404}
            and not tells(owned, path, answer)
            and not desk.services.asked
        )

    await walk(desk, owned, http, {"partner"}, check)


async def test_the_walk_notices_a_route_that_forgets_the_agency(
    desk: Desk, owned: Owned, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Terms, "within", lambda _terms, _column: true())
    monkeypatch.setattr(claim, "_CLAIM", Lookup(claim._claim))

    if desk.gateway.database.dialect == "postgresql":  # the second wall holds where the first has a hole
        await test_another_agency_sees_nothing_of_it_and_changes_nothing(desk, owned, stranger)
        return
    with pytest.raises(AssertionError, match=r"GET /api/v1/claims/\{claim_number\}"):
        await test_another_agency_sees_nothing_of_it_and_changes_nothing(desk, owned, stranger)
