"""The operator's commands: accounts, partners, and the read model made anew."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from deploy.cli import main
from services.gateway.models import ClaimView, PartnerKey, SeenMark, User
from shared.contracts.changes import changes_between
from shared.contracts.envelope import Actor
from shared.db.database import Database
from shared.db.migrations import migrate
from shared.db.tenancy import EVERY_AGENCY
from shared.messaging.publishing import publish_state
from shared.messaging.tables import inbox, outbox
from tests.integration.gateway.frame import NOON, claim


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOSSIER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DOSSIER_KAFKA_PORT", "1")  # not the broker of a demo that may run here
    for service in ("gateway", "policy", "claims", "documents", "notifications"):
        migrate(service, f"sqlite:///{tmp_path}/{service}.db")
    return tmp_path


def rows(data: Path, statement: object, service: str = "gateway") -> list[object]:
    async def ask() -> list[object]:
        database = Database(f"sqlite:///{data}/{service}.db")
        try:
            async with database.read(EVERY_AGENCY) as session:
                return list((await session.scalars(statement)).all())  # type: ignore[call-overload]
        finally:
            await database.dispose()

    return asyncio.run(ask())


def test_an_agency_a_user_and_a_partner_are_made(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["create-agency", "Cabinet Martin", "--country", "FR"]) == 0
    agency = capsys.readouterr().out.strip()
    assert main(["create-user", "a@demo.example", "--agency", "Cabinet Martin", "--name", "Anne"]) == 0
    made_up = capsys.readouterr().out
    assert "the password is " in made_up
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert main(["create-user", "b@demo.example", "--agency", agency, "--password-stdin"]) == 0
    assert "password" not in capsys.readouterr().out
    assert main(["create-partner", "garage-lyon", "--kind", "garage"]) == 0
    assert "  API key    dossier_" in capsys.readouterr().out

    assert sorted(map(str, rows(data, select(User.email)))) == ["a@demo.example", "b@demo.example"]
    assert len(rows(data, select(outbox.c.topic))) == 4


def test_a_new_key_may_replace_the_old_ones(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["create-partner", "garage-lyon", "--kind", "garage"])
    assert main(["create-partner", "garage-lyon", "--new-key"]) == 0
    assert rows(data, select(func.count()).where(PartnerKey.revoked_at.is_(None))) == [2]
    assert main(["create-partner", "garage-lyon", "--rotate"]) == 0
    assert capsys.readouterr().out.count("API key    dossier_") == 3
    assert rows(data, select(func.count()).where(PartnerKey.revoked_at.is_(None))) == [1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create-user", "a@demo.example", "--agency", "Nobody"], "There is no agency 'Nobody'."),
        (["create-user", "a@demo.example"], "This role works for at least one agency."),
        (["create-user", "a@demo.example", "--reset-password"], "There is no such account."),
        (
            ["create-agency", "X", "--country", "FR", "--timezone", "Mars/Olympus"],
            "The time zone is an IANA name",
        ),
        (["create-agency", "X", "--country", "France"], "country: "),
        (["create-partner", "Garage Lyon", "--kind", "garage"], "A partner id is lower-case"),
        (["create-partner", "garage-lyon"], "A new partner has a kind"),
        (["create-partner", "garage-lyon", "--new-key"], "There is no such partner."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(arguments) != 0
    told = capsys.readouterr()
    assert sentence in told.err + told.out
    assert "Traceback" not in told.err
    assert rows(data, select(User.email)) == []


def test_without_a_schema_the_operator_is_told_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOSSIER_DATA_DIR", str(tmp_path))
    assert main(["create-agency", "X", "--country", "FR"]) != 0
    assert "dossier migrate" in capsys.readouterr().err


def test_a_rebuild_forgets_the_views_keeps_the_marks_and_asks_for_the_archives(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = claim("agency", NOON)

    async def fill() -> None:
        claims, gateway = (Database(f"sqlite:///{data}/{one}.db") for one in ("claims", "gateway"))
        async with claims.write(EVERY_AGENCY) as session:
            publish_state(
                session,
                service="claims",
                happening="claim-registered",
                state=state,
                old=None,
                actor=Actor(kind="user", id="u"),
                at=NOON,
                changes=changes_between(None, state),
            )
        async with claims.write(EVERY_AGENCY) as session:
            await session.execute(update(outbox).values(published_at=NOON))
        async with gateway.write(EVERY_AGENCY) as session:
            session.add(
                SeenMark(
                    agency_id="agency", user_id="u", claim_id=state.id, sequence=1, files_at=None, at=NOON
                )
            )
            await session.execute(inbox.insert().values(record_id="e1", received_at=NOON))
        await claims.dispose()
        await gateway.dispose()

    asyncio.run(fill())

    assert main(["rebuild-read-model"]) == 0

    assert "1 events" in capsys.readouterr().out
    assert rows(data, select(ClaimView.id)) == []
    assert rows(data, select(inbox.c.record_id)) == []
    assert rows(data, select(SeenMark.claim_id)) == [state.id]
    assert rows(data, select(outbox.c.published_at), "claims") == [None]
