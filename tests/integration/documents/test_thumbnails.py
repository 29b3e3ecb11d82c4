"""Small renditions: a few kilobytes instead of the picture, made once, and given to whom the picture is given."""

import io

import pytest
from PIL import Image

from shared.storage.port import StorageUnavailable
from tests.integration.documents.frame import NOA, OPS, Desk, problem
from tests.unit.documents.samples import PDF, saved


def large() -> bytes:
    """A photo whose bytes cannot be pressed to nothing."""
    return saved(Image.effect_noise((900, 600), 60).convert("RGB"), "JPEG", quality=60)


async def test_a_picture_is_shown_small_and_can_run_nothing(desk: Desk) -> None:
    state = await desk.added(large(), "aile.jpg")
    answer = await desk.get(f"/files/{state['id']}/thumbnail")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(answer.content)).size == (480, 320)
    assert len(answer.content) < state["size"] / 4


async def test_it_is_painted_once_and_read_from_the_store_from_then_on(desk: Desk) -> None:
    state = await desk.added(large())
    path = f"/files/{state['id']}/thumbnail"
    first = await desk.get(path)
    [picture, small] = desk.store.objects
    assert small.name == picture.name + ".thumbnail"
    assert small.read_bytes() == first.content
    small.write_bytes(b"from the store")
    assert (await desk.get(path)).content == b"from the store"


async def test_a_browser_keeps_it_for_its_own_user_only(desk: Desk) -> None:
    state = await desk.added(large())
    path = f"/files/{state['id']}/thumbnail"
    answer = await desk.get(path)
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert answer.headers["vary"] == "Cookie"
    again = await desk.get(path, If_None_Match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    whole = await desk.get(f"/files/{state['id']}/content")
    assert whole.headers["etag"] != answer.headers["etag"]


async def test_the_other_agency_and_operations_are_given_none(desk: Desk) -> None:
    state = await desk.added(large())
    path = f"/files/{state['id']}/thumbnail"
    assert problem(await desk.get(path, NOA)) == (404, "file_unknown", None)
    assert problem(await desk.get(path, OPS))[0] == 403
    assert len(desk.store.objects) == 1, "nothing was painted for them either"


async def test_a_removed_picture_is_not_shown_small_either(desk: Desk) -> None:
    state = await desk.added(large())
    path = f"/files/{state['id']}"
    await desk.get(f"{path}/thumbnail")
    await desk.ask("DELETE", path)
    assert problem(await desk.get(f"{path}/thumbnail"))[:2] == (404, "file_removed")


async def test_a_document_has_none(desk: Desk) -> None:
    state = await desk.added(PDF, "rapport.pdf")
    assert problem(await desk.get(f"/files/{state['id']}/thumbnail"))[:2] == (404, "no_thumbnail")


async def test_a_store_that_takes_nothing_more_still_shows_what_it_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = await desk.added(large())
    monkeypatch.setattr(type(desk.store), "put", _full)
    answer = await desk.get(f"/files/{state['id']}/thumbnail")
    assert (answer.status_code, len(desk.store.objects)) == (200, 1)
    assert Image.open(io.BytesIO(answer.content)).format == "WEBP"


async def test_a_store_that_is_away_is_told(desk: Desk) -> None:
    state = await desk.added(large())
    desk.store.away = True
    assert problem(await desk.get(f"/files/{state['id']}/thumbnail"))[0] == 503


async def _full(*_: object) -> None:

    message = "no room"
    raise StorageUnavailable(message)
