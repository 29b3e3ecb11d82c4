"""What a page takes of the database: one session at a time, in which is found out who asks, and none that stays open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.identity.sessions import find_session
from shared.contracts.codes import Role
from shared.db.database import Database
from shared.db.sessions import REACH, WholeStatements
from shared.db.tenancy import EVERY_AGENCY, Reader, reach_of
from tests.integration.gateway.frame import Desk

BROWSER = {"accept": "text/html"}


@dataclass
class Watch:
    """The sessions that read, as they come and go."""

    open: int = 0
    most: int = 0
    reaches: list[str] = field(default_factory=list)
    """Of each, when it was left."""
    open_at_writes: list[int] = field(default_factory=list)


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    watch = Watch()
    reading, write = Database.reading, Database.write

    def watched(database: Database, reader: Reader) -> WholeStatements:
        session = reading(database, reader)
        left = session.leave

        async def leaving() -> None:
            watch.open -= 1
            watch.reaches.append(session.info[REACH])
            await left()

        monkeypatch.setattr(session, "leave", leaving)
        watch.open += 1
        watch.most = max(watch.most, watch.open)
        return session

    def writing(database: Database, reader: Reader) -> AbstractAsyncContextManager[AsyncSession]:
        watch.open_at_writes.append(watch.open)
        return write(database, reader)

    with monkeypatch.context() as patched:
        patched.setattr(Database, "reading", watched)
        patched.setattr(Database, "write", writing)
        yield watch


@pytest.mark.parametrize("path", ["/claims", "/claims/{claim}"])
async def test_a_page_is_read_in_the_session_in_which_was_found_out_who_asks(
    path: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    path = path.format(claim=(await desk.add_claim(agency)).claim_number)
    with watching(monkeypatch) as watch:
        answer = await person.http.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert (watch.open, watch.reaches) == (0, [agency])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/search?q=a", 200),
        ("/clients/nobody", 404),
        ("/claims/nothing", 404),
        ("/claims/views/none", 404),
        ("/alerts/none/toast", 404),
        ("/nowhere", 404),
        ("/login", 200),
    ],
)
@pytest.mark.parametrize("fragment", [True, False])
async def test_whatever_becomes_of_a_page_no_session_stays_open_and_never_two_are(
    path: str, status: int, desk: Desk, monkeypatch: pytest.MonkeyPatch, *, fragment: bool
) -> None:
    person = await desk.person(await desk.agency())
    headers = {**BROWSER, **({"hx-request": "true"} if fragment else {})}
    with watching(monkeypatch) as watch:
        answer = await person.http.get(path, headers=headers)
    assert answer.status_code in {status, 303}
    assert (watch.open, watch.most) == (0, 1)


@pytest.mark.parametrize(("role", "status"), [(Role.OPS, 403), (None, 303)])
async def test_who_is_refused_leaves_none_open(
    role: Role | None, status: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = (
        (await desk.person(role=role)).http if role else desk.browser(cookies={"dossier_session": "forged"})
    )
    with watching(monkeypatch) as watch:
        answer = await http.get("/claims", headers=BROWSER)
    assert (answer.status_code, watch.open, watch.most) == (status, 0, 1)


async def test_the_last_use_is_written_with_no_other_connection_in_hand(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = await desk.agency()
    person = await desk.person(agency)
    desk.clock.advance(timedelta(minutes=2))
    with watching(monkeypatch) as watch:
        assert (await person.http.get("/claims", headers=BROWSER)).status_code == 200
    assert (watch.open, watch.reaches) == (0, ["*", agency])
    assert watch.open_at_writes == [0]


@pytest.mark.parametrize(("role", "agencies"), [(Role.BROKER, 1), (Role.HANDLER, 3), (Role.OPS, 0)])
async def test_the_statement_that_finds_who_asks_holds_the_transaction_to_what_he_may_see(
    role: Role, agencies: int, desk: Desk
) -> None:
    person = await desk.person(
        *[await desk.agency(f"Cabinet {number}") for number in range(agencies)], role=role
    )
    token = person.http.cookies["dossier_session"]
    async with desk.database.read(EVERY_AGENCY) as session:
        found = await find_session(session, token, at=desk.clock.now(), idle=timedelta(hours=1))
        assert found is not None
        assert len(found.user.scope.agency_ids) == agencies
        if desk.database.dialect == "sqlite":
            assert found.reach is None
            return
        assert found.reach == reach_of(found.user.scope)
        assert await session.scalar(text("SELECT current_setting('dossier.agencies')")) == found.reach


async def test_a_session_that_was_ended_meanwhile_opens_no_page_more(desk: Desk) -> None:
    person = await desk.person(await desk.agency())
    copy = desk.browser(cookies=dict(person.http.cookies))
    assert (await copy.get("/claims", headers=BROWSER)).status_code == 200
    await person.http.delete("/api/v1/session")
    assert (await copy.get("/claims", headers=BROWSER)).status_code == 303
