"""What the service answers over HTTP, and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.notifications.api import create_router
from services.notifications.settings import NotificationsSettings
from shared.db.tenancy import Role, Scope
from shared.http.application import create_service_app
from shared.http.tokens import sign
from tests.integration.notifications.frame import Desk
from tests.unit.notifications.factory import LOADED, agency, cheque_payment, claim, event_of

SETTINGS = NotificationsSettings(env="test")


@pytest.fixture
def app(desk: Desk) -> FastAPI:
    return create_service_app(
        "notifications", SETTINGS, desk.database, None, [create_router(desk.database)], check_schema=False
    )


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://notifications"
    ) as client:
        yield client


@pytest.fixture(autouse=True)
async def two_agencies(desk: Desk) -> None:
    for name in ("agency-a", "agency-b"):
        await desk.tell(
            event_of(agency(name), "agency-registered", actor=LOADED),
            event_of(claim(name, cheque_payment(f"P-{name}", date(2026, 3, 30))), "cheque-changed"),
        )


def token(*agency_ids: str, role: Role = "broker", audience: str = "notifications") -> dict[str, str]:
    scope = Scope(user_id="user-1", role=role, agency_ids=agency_ids, name="Dana")
    return {"Authorization": f"Bearer {sign(SETTINGS, scope, audience)}"}


async def references(http: httpx.AsyncClient, headers: dict[str, str], query: str = "") -> list[Any]:
    answer = await http.get(f"/clocks{query}", headers=headers)
    assert answer.status_code == 200
    return [item["about"]["reference"] for item in answer.json()["items"]]


async def test_the_clocks_are_those_of_the_callers_agencies(http: httpx.AsyncClient) -> None:
    assert await references(http, token("agency-a")) == ["P-agency-a"]
    assert await references(http, token("agency-b", role="manager")) == ["P-agency-b"]
    assert len(await references(http, token("agency-a", "agency-b", role="handler"))) == 2
    assert await references(http, token()) == []


async def test_a_clock_says_what_it_is_about_and_when(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/clocks", headers=token("agency-a"))).json()

    [item] = answer["items"]
    assert answer["total"] == 1
    assert (item["kind"], item["standing"], item["claim_number"]) == (
        "cheque-maturing",
        "pending",
        "CL-2026-000123",
    )
    assert datetime.fromisoformat(item["due_at"]) == datetime(2026, 3, 15, 22, tzinfo=UTC)


async def test_clocks_can_be_asked_for_by_standing_and_kind(http: httpx.AsyncClient) -> None:
    assert await references(http, token("agency-a"), "?standing=pending&kind=cheque-maturing") == [
        "P-agency-a"
    ]
    assert await references(http, token("agency-a"), "?standing=fired") == []
    assert await references(http, token("agency-a"), "?kind=other") == []


@pytest.mark.parametrize("query", ["standing=asleep", "limit=0", "limit=5000", "limit=many"])
async def test_a_question_that_makes_no_sense_names_the_field(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/clocks?{query}", headers=token("agency-a"))

    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])


async def test_an_alert_is_shown_to_its_agency_alone(http: httpx.AsyncClient, desk: Desk) -> None:
    alert, foreign = await desk.alerts()

    own = await http.get(f"/alerts/{alert.id}", headers=token("agency-a"))
    others = await http.get(f"/alerts/{foreign.id}", headers=token("agency-a"))
    unknown = await http.get("/alerts/none", headers=token("agency-a"))

    assert own.json() == alert.model_dump(mode="json")
    assert (others.status_code, unknown.status_code) == (404, 404)
    assert others.json()["detail"] == unknown.json()["detail"]


@pytest.mark.parametrize("path", ["/clocks", "/alerts/x"])
async def test_operations_strangers_and_tokens_for_others_are_refused(
    http: httpx.AsyncClient, path: str
) -> None:
    assert (await http.get(path, headers=token("agency-a", role="ops"))).status_code == 403
    assert (await http.get(path, headers=token("agency-a", audience="claims"))).status_code == 401
    assert (await http.get(path)).status_code == 401
