from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from services.documents.domain.bindings import Binding
from services.documents.domain.files import Content
from services.documents.handlers import files, objects
from services.documents.models import DocumentRow, PendingObject
from shared.contracts.codes import DocumentType
from shared.contracts.envelope import Actor
from shared.db.tenancy import EVERY_AGENCY
from shared.errors import Conflict
from tests.integration.documents.frame import FRENCH, NOW, Desk, problem
from tests.unit.documents.samples import PDF, photo


async def pending(desk: Desk) -> int:
    async with desk.database.read(EVERY_AGENCY) as session:
        return (await session.scalars(select(func.count()).select_from(PendingObject))).one()


async def documents(desk: Desk) -> int:
    async with desk.database.read(EVERY_AGENCY) as session:
        return (await session.scalars(select(func.count()).select_from(DocumentRow))).one()


async def test_a_store_that_is_away_is_a_503_and_nothing_is_half_stored(desk: Desk) -> None:
    desk.store.away = True
    answer = await desk.upload(photo())
    assert problem(answer)[:2] == (503, "storage_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert (await documents(desk), await desk.happenings()) == (0, [])
    desk.store.away = False
    await desk.added(photo())


async def test_reading_while_the_store_is_away_is_a_503(desk: Desk) -> None:
    state = await desk.added(photo())
    desk.store.away = True
    assert problem(await desk.get(f"/files/{state['id']}/content"))[:2] == (503, "storage_unavailable")
    assert (await desk.get(f"/files/{state['id']}")).status_code == 200


async def test_content_that_was_lost_is_told_as_such(desk: Desk) -> None:
    state = await desk.added(photo())
    desk.store.objects[0].unlink()
    assert problem(await desk.get(f"/files/{state['id']}/content"))[:2] == (503, "content_missing")


async def test_a_failing_transaction_takes_its_object_back(desk: Desk) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(text("DROP TABLE document_history"))
    answer = await desk.upload(photo())
    assert problem(answer)[:2] == (500, "internal")
    assert "document_history" not in answer.text
    assert desk.store.objects == []
    assert (await documents(desk), await desk.happenings()) == (0, [])


async def test_an_object_that_could_not_be_taken_back_is_swept_later(desk: Desk) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        await session.execute(text("DROP TABLE document_history"))
    desk.store.delete_fails = True
    await desk.upload(photo())
    assert len(desk.store.objects) == 1
    await _sweep(desk, expected=0)
    desk.clock.advance(timedelta(hours=2))
    await _sweep(desk, expected=0)
    desk.store.delete_fails = False
    await _sweep(desk, expected=0)
    desk.clock.advance(timedelta(hours=2))
    await _sweep(desk, expected=1)
    assert (desk.store.objects, await pending(desk)) == ([], 0)


async def test_what_is_settled_is_never_swept(desk: Desk) -> None:
    await desk.added(photo())
    desk.clock.advance(timedelta(days=1))
    await _sweep(desk, expected=0)
    assert len(desk.store.objects) == 1


async def test_an_upload_that_was_swept_meanwhile_does_not_settle(desk: Desk) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        object_key = objects.begin_object(session, agency_id=FRENCH, at=NOW)
    desk.clock.advance(timedelta(hours=2))
    await _sweep(desk, expected=1)
    with pytest.raises(Conflict, match="upload_expired"):
        async with desk.database.write(EVERY_AGENCY) as session:
            await _add(session, object_key)
    assert await documents(desk) == 0


async def test_lists_work_and_health_tells_while_the_store_is_away(desk: Desk) -> None:
    await desk.added(photo())
    assert (await _storage(desk))["available"]
    desk.store.away = True
    listed = await desk.get("/files?claim_number=CL-2026-000001")
    assert len(listed.json()["result"]["items"]) == 1
    report = await _storage(desk)
    assert report["ready"]
    assert not report["available"]


async def test_a_store_that_never_answered_keeps_the_service_from_being_ready_until_it_does(
    desk: Desk,
) -> None:
    desk.store.away = True
    report = await _storage(desk)
    assert not report["ready"]
    assert report["problems"]
    desk.store.away = False
    assert await _storage(desk) == {"ready": True, "available": True}


async def _storage(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get("/health/ready")).json()["checks"]["storage"]
    return found


async def test_a_database_that_fails_is_no_cause_to_keep_the_object(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> None:
        message = "gone"
        raise OperationalError(message, None, Exception())

    monkeypatch.setattr(files, "add_document", failing)
    assert (await desk.upload(photo())).status_code == 500
    assert desk.store.objects == []


async def _sweep(desk: Desk, expected: int) -> None:
    async with desk.database.write(EVERY_AGENCY) as session:
        assert await objects.sweep_orphans(session, desk.store, at=desk.clock.now()) == expected


async def _add(session: AsyncSession, object_key: str) -> None:
    await files.add_document(
        session,
        actor=Actor(kind="user", id="u"),
        at=NOW,
        binding=Binding(agency_id=FRENCH, claim_number="CL-1"),
        type=DocumentType.OTHER,
        name="a.pdf",
        content=Content("application/pdf", len(PDF), "ab"),
        object_key=object_key,
    )
