"""Logging in, staying in, and being thrown out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.gateway.identity.registry import change_agency, change_user, reset_password
from services.gateway.models import UserSession
from shared.contracts.codes import Role
from shared.db.tenancy import EVERY_AGENCY
from shared.errors import Conflict, Invalid, NotFound
from shared.messaging.tables import outbox
from tests.integration.gateway.frame import PASSWORD, Desk


async def test_a_right_password_opens_a_session_and_the_cookie_carries_it(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    http = desk.browser()

    answer = await http.post("/api/v1/session", json={"email": email.upper(), "password": PASSWORD})

    assert answer.status_code == 200
    assert answer.json()["email"] == email
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("dossier_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert (await http.get("/api/v1/session")).json()["agencies"][0]["name"] == "Cabinet Martin"


async def test_over_https_the_cookie_is_bound_to_the_host_and_the_plain_one_is_not_believed(
    desk: Desk,
) -> None:
    email = await desk.user(await desk.agency())
    http = desk.browser("https://desk.example")

    answer = await http.post("/api/v1/session", json={"email": email, "password": PASSWORD})

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-dossier_session=")
    assert "Secure" in cookie
    token = cookie.split("=", 1)[1].split(";")[0]
    assert (await http.get("/api/v1/session")).status_code == 200
    planted = desk.browser("https://desk.example", cookies={"dossier_session": token})
    assert (await planted.get("/api/v1/session")).status_code == 401


async def test_only_the_hash_of_a_token_is_stored(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    token = person.http.cookies["dossier_session"]

    async with desk.database.read(EVERY_AGENCY) as session:
        held = (await session.scalars(select(UserSession))).one()

    assert token not in {held.token_hash, held.id}
    assert len(held.token_hash) == 64


@pytest.mark.parametrize("email", ["broker@demo.example", "nobody@demo.example"])
async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(desk: Desk, email: str) -> None:
    await desk.user(await desk.agency(), email="broker@demo.example")

    answer = await desk.browser().post("/api/v1/session", json={"email": email, "password": "wrong password"})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = {name: value for name, value in answer.json().items() if name != "instance"}
    assert problem == {
        "type": "urn:dossier:problem:login_failed",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The email address or the password is wrong.",
        "code": "login_failed",
    }


async def test_after_too_many_failures_an_account_waits_even_with_the_right_password(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    http = desk.browser()

    for _ in range(desk.settings.gateway_login_failures):
        assert (
            await http.post("/api/v1/session", json={"email": email, "password": "wrong"})
        ).status_code == 401
    refused = await http.post("/api/v1/session", json={"email": email, "password": PASSWORD})

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    other = await desk.user(await desk.agency("Other"))
    assert (
        await http.post("/api/v1/session", json={"email": other, "password": PASSWORD})
    ).status_code == 200


async def test_a_right_password_forgets_the_failures_before_it(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    http = desk.browser()

    for _ in range(2):
        for _ in range(desk.settings.gateway_login_failures - 1):
            await http.post("/api/v1/session", json={"email": email, "password": "wrong"})
        answer = await http.post("/api/v1/session", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200


async def test_without_a_session_the_api_answers_401(desk: Desk) -> None:
    answer = await desk.browser(cookies={"dossier_session": "forged"}).get("/api/v1/claims")

    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:dossier:problem:unauthenticated"


async def test_logging_out_ends_the_session_for_every_copy_of_its_cookie(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    copy = desk.browser(cookies=dict(person.http.cookies))

    answer = await person.http.delete("/api/v1/session")

    assert answer.status_code == 204
    assert (await copy.get("/api/v1/session")).status_code == 401


async def test_logging_in_again_ends_the_session_that_the_browser_had(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    planted = desk.browser(cookies=dict(person.http.cookies))

    await person.http.post("/api/v1/session", json={"email": person.email, "password": PASSWORD})

    assert (await planted.get("/api/v1/session")).status_code == 401
    assert (await person.http.get("/api/v1/session")).status_code == 200


async def test_a_session_ends_when_it_is_idle_for_twelve_hours(desk: Desk) -> None:
    person = await desk.person(await desk.agency())

    desk.clock.advance(timedelta(hours=11, minutes=59))
    assert (await person.http.get("/api/v1/session")).status_code == 200
    desk.clock.advance(timedelta(hours=11, minutes=59))
    assert (await person.http.get("/api/v1/session")).status_code == 200
    desk.clock.advance(timedelta(hours=12))
    assert (await person.http.get("/api/v1/session")).status_code == 401


async def test_a_session_ends_after_a_week_however_much_it_is_used(desk: Desk) -> None:
    person = await desk.person(await desk.agency())

    for _ in range(15):
        desk.clock.advance(timedelta(hours=11))
        assert (await person.http.get("/api/v1/session")).status_code == 200
    desk.clock.advance(timedelta(hours=11))

    assert (await person.http.get("/api/v1/session")).status_code == 401


async def test_the_last_use_of_a_session_is_written_once_a_minute(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    seen = []

    for _ in range(3):
        desk.clock.advance(timedelta(seconds=40))
        await person.http.get("/api/v1/session")
        async with desk.database.read(EVERY_AGENCY) as session:
            seen.append((await session.scalars(select(UserSession.last_seen_at))).one())

    assert len(set(seen)) == 2


async def test_a_new_password_ends_all_sessions(desk: Desk) -> None:
    person = await desk.person(await desk.agency())

    async with desk.database.write(EVERY_AGENCY) as session:
        await reset_password(session, person.email, "another long password")

    assert (await person.http.get("/api/v1/session")).status_code == 401
    again = await person.http.post(
        "/api/v1/session", json={"email": person.email, "password": "another long password"}
    )
    assert again.status_code == 200


async def test_a_disabled_account_is_out_at_once_and_stays_out(desk: Desk) -> None:
    person = await desk.person(await desk.agency())

    async with desk.database.write(EVERY_AGENCY) as session:
        await change_user(session, person.id, at=desk.clock.now(), active=False)

    assert (await person.http.get("/api/v1/session")).status_code == 401
    again = await person.http.post("/api/v1/session", json={"email": person.email, "password": PASSWORD})
    assert again.status_code == 401


async def test_another_sites_page_cannot_act_with_our_cookie(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    ours = "http://127.0.0.1:8000"
    cases = [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ours}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ours}, 403),
    ]

    for headers, status in cases:
        answer = await person.http.post("/api/v1/alerts/read-all", headers=headers)
        assert answer.status_code == status, headers
        assert (await person.http.get("/api/v1/session", headers=headers)).status_code == 200


async def test_operations_see_no_client_data(desk: Desk) -> None:
    person = await desk.person(role=Role.OPS)

    assert (await person.http.get("/api/v1/session")).status_code == 200
    assert (await person.http.get("/api/v1/claims")).status_code == 403
    assert (await person.http.get("/live")).status_code == 403


async def test_accounts_are_announced_and_never_with_their_password(desk: Desk) -> None:
    agency = await desk.agency()
    await desk.user(agency)
    await desk.partner()

    async with desk.database.read(EVERY_AGENCY) as session:
        rows = (
            await session.execute(select(outbox.c.topic, outbox.c.body).order_by(outbox.c.position))
        ).all()

    assert [row.topic for row in rows] == ["identity.events.v1"] * 3
    assert b"dossier.identity.agency-registered.v1" in rows[0].body
    assert b"dossier.identity.user-registered.v1" in rows[1].body
    assert b"dossier.identity.partner-registered.v1" in rows[2].body
    assert not any(b"argon2" in row.body or b"dossier_" in row.body for row in rows)


async def test_an_agencys_warning_days_are_changed_and_announced(desk: Desk) -> None:
    agency = await desk.agency()

    async with desk.database.write(EVERY_AGENCY) as session:
        state = await change_agency(session, agency, at=desk.clock.now(), cheque_warning_days=7)

    assert (state.cheque_warning_days, state.sequence) == (7, 2)
    async with desk.database.read(EVERY_AGENCY) as session:
        body = (await session.scalars(select(outbox.c.body).order_by(outbox.c.position.desc()))).first()
    assert b"agency-changed" in (body or b"")
    with pytest.raises(NotFound):
        async with desk.database.write(EVERY_AGENCY) as session:
            await change_agency(session, "nobody", at=desk.clock.now(), cheque_warning_days=7)


async def test_an_account_needs_an_address_a_password_and_an_agency(desk: Desk) -> None:
    agency = await desk.agency()
    email = await desk.user(agency)

    with pytest.raises(Conflict, match="email_taken"):
        await desk.user(agency, email=email.upper())
    with pytest.raises(Invalid, match="invalid_email"):
        await desk.user(agency, email="nobody")
    with pytest.raises(Invalid, match="agency_missing"):
        await desk.user()
    with pytest.raises(Invalid, match="invalid_role"):
        await desk.user(agency, role=Role.OPS)
