"""The profile: what people change about their own account, and where they are logged in."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest

from services.gateway.live.hub import Hub
from tests.integration.gateway.frame import PASSWORD, Desk, Person

NEW = "another long password"


async def person_of(desk: Desk) -> Person:
    return await desk.person(await desk.agency())


async def log_in(desk: Desk, person: Person, password: str = PASSWORD, **headers: str) -> httpx.AsyncClient:
    browser = desk.browser(headers=headers)
    await browser.post("/api/v1/session", json={"email": person.email, "password": password})
    return browser


def others_in(page: str) -> list[str]:
    return re.findall(r"/profile/sessions/([0-9a-f-]{36})/end", page)


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/api/v1/session")).status_code == 200


async def test_name_language_and_zone_are_kept_and_shown(desk: Desk) -> None:
    person = await person_of(desk)
    form = {"name": "  Noa   Levi ", "language": "he", "timezone": "Asia/Jerusalem"}
    answer = await person.http.post("/profile", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile")
    page = (await person.http.get("/profile")).text
    assert 'value="Noa Levi"' in page
    assert '<html lang="he" dir="rtl"' in page
    assert re.search(r'value="Asia/Jerusalem" selected', page)
    assert (await person.http.get("/api/v1/session")).json()["name"] == "Noa Levi"


async def test_times_are_those_of_the_own_zone_and_without_one_of_the_agencys(desk: Desk) -> None:
    person = await person_of(desk)  # the clock stands at 12:00 UTC, the agency in Paris
    assert "13:00" in (await person.http.get("/profile")).text
    await person.http.post("/profile", data={"name": "N", "language": "en", "timezone": "America/New_York"})
    assert "07:00" in (await person.http.get("/profile")).text
    await person.http.post("/profile", data={"name": "N", "language": "en", "timezone": ""})
    assert "13:00" in (await person.http.get("/profile")).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "  "), ("name", "x" * 201), ("language", "xx"), ("timezone", "Mars/Olympus")],
)
async def test_a_value_that_cannot_be_stands_beside_its_field_and_nothing_is_kept(
    field: str, value: str, desk: Desk
) -> None:
    person = await person_of(desk)
    form = {"name": "Other", "language": "en", "timezone": "", field: value}
    answer = await person.http.post("/profile", data=form)
    assert answer.status_code == 422
    assert f'id="field-{field}-error"' in answer.text
    assert (await person.http.get("/api/v1/session")).json()["name"] != "Other"


async def test_a_new_password_needs_the_old_one_and_ends_every_other_session(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await person_of(desk)
    elsewhere = await log_in(desk, person)
    ended: list[str] = []
    monkeypatch.setattr(Hub, "end_session", lambda _hub, session_id: ended.append(session_id))
    form = {"old": PASSWORD, "password": NEW, "repeated": NEW}
    answer = await person.http.post("/profile/password", data=form)
    assert answer.headers["location"] == "/profile#password"
    assert (await is_in(person.http), await is_in(elsewhere)) == (True, False)
    assert len(ended) == 1, "its open streams end as well"
    assert not await is_in(await log_in(desk, person))
    assert await is_in(await log_in(desk, person, NEW))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"old": "not the password", "password": NEW, "repeated": NEW}, "old"),
        ({"old": "", "password": NEW, "repeated": NEW}, "old"),
        ({"old": PASSWORD, "password": "short", "repeated": "short"}, "password"),
        ({"old": PASSWORD, "password": "", "repeated": ""}, "password"),
        ({"old": PASSWORD, "password": NEW, "repeated": NEW + "x"}, "repeated"),
    ],
)
async def test_a_password_that_cannot_be_changed_says_why_and_ends_nothing(
    form: dict[str, str], field: str, desk: Desk
) -> None:
    person = await person_of(desk)
    elsewhere = await log_in(desk, person)
    answer = await person.http.post("/profile/password", data=form)
    assert answer.status_code == 422
    assert f'id="field-{field}-error"' in answer.text
    assert NEW not in answer.text
    assert await is_in(elsewhere)
    assert await is_in(await log_in(desk, person))


async def test_a_session_that_was_left_open_is_no_way_to_guess_the_password(desk: Desk) -> None:
    person = await person_of(desk)
    wrong = {"old": "a wrong guess", "password": NEW, "repeated": NEW}
    for _ in range(3):
        assert (await person.http.post("/profile/password", data=wrong)).status_code == 422
    answer = await person.http.post("/profile/password", data={**wrong, "old": PASSWORD})
    assert answer.status_code == 429


async def test_sessions_are_listed_by_device_and_one_can_be_ended(desk: Desk) -> None:
    person = await person_of(desk)
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1"
    telephone = await log_in(desk, person, **{"user-agent": agent})
    page = (await person.http.get("/profile")).text
    assert "Safari · iPhone" in page
    (other,) = others_in(page)
    answer = await person.http.post(f"/profile/sessions/{other}/end")
    assert answer.headers["location"] == "/profile#sessions"
    assert (await is_in(person.http), await is_in(telephone)) == (True, False)
    assert (await person.http.post(f"/profile/sessions/{other}/end")).status_code == 404


async def test_nobody_ends_the_session_of_somebody_else(desk: Desk) -> None:
    person, stranger = await person_of(desk), await person_of(desk)
    await log_in(desk, person)
    (other,) = others_in((await person.http.get("/profile")).text)
    assert (await stranger.http.post(f"/profile/sessions/{other}/end")).status_code == 404
    assert others_in((await person.http.get("/profile")).text) == [other]


async def test_all_others_are_ended_at_once_and_sessions_that_are_over_are_not_listed(desk: Desk) -> None:
    person = await person_of(desk)
    await log_in(desk, person)
    desk.clock.advance(timedelta(hours=11))
    await person.http.get("/profile")
    desk.clock.advance(timedelta(hours=2))
    assert others_in((await person.http.get("/profile")).text) == [], "it was not used for too long"
    elsewhere = await log_in(desk, person)
    answer = await person.http.post("/profile/sessions/end-others")
    assert answer.headers["location"] == "/profile#sessions"
    assert (await is_in(person.http), await is_in(elsewhere)) == (True, False)
