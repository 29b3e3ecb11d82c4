"""Files on pages and in the API: what a file is, putting it away and taking it back, what the viewer asks for."""

from __future__ import annotations

from typing import Any

from shared.contracts.codes import DocumentType
from shared.contracts.documents import DocumentState
from tests.integration.gateway.frame import Desk, Person

ASKED_BY_SCRIPT = {"hx-request": "true"}


async def filed(desk: Desk) -> tuple[Person, DocumentState]:
    agency = await desk.agency()
    person = await desk.person(agency)
    state = await desk.add_claim(agency)
    return person, await desk.add_document(agency, claim_number=state.claim_number, name="photo.jpg")


def answer_of(desk: Desk, old: DocumentState, happening: str, **changes: Any) -> dict[str, Any]:
    new = old.model_copy(update={"sequence": old.sequence + 1, "updated_at": desk.clock.now(), **changes})
    return {"result": new.model_dump(mode="json"), "events": [desk.event(happening, new, old=old)]}


def removable(desk: Desk, paper: DocumentState) -> None:
    gone = answer_of(desk, paper, "document-removed", removed=True)
    removed = DocumentState.model_validate(gone["result"])
    desk.services.will_answer("DELETE", f"/files/{paper.id}", gone)
    back = answer_of(desk, removed, "document-changed", removed=False)
    desk.services.will_answer("POST", f"/files/{paper.id}/restore", back)


async def test_a_removed_file_is_gone_from_its_page_and_the_notice_offers_it_back(desk: Desk) -> None:
    person, paper = await filed(desk)
    removable(desk, paper)
    answer = await person.http.post(f"/files/{paper.id}/remove")
    assert answer.headers["location"] == f"/claims/{paper.claim_number}#files"
    page = (await person.http.get(f"/claims/{paper.claim_number}")).text
    assert f'id="file-{paper.id}"' not in page
    assert f'action="/files/{paper.id}/restore"' in page
    again = await person.http.get(f"/claims/{paper.claim_number}")
    assert f"/files/{paper.id}/restore" not in again.text, "a notice is shown once"

    answer = await person.http.post(f"/files/{paper.id}/restore")
    assert answer.headers["location"] == f"/claims/{paper.claim_number}#files"
    assert f'id="file-{paper.id}"' in (await person.http.get(f"/claims/{paper.claim_number}")).text


async def test_a_script_gets_a_toast_with_undo_and_nothing_when_it_is_undone(desk: Desk) -> None:
    person, paper = await filed(desk)
    removable(desk, paper)
    answer = await person.http.post(f"/files/{paper.id}/remove", headers=ASKED_BY_SCRIPT)
    assert answer.status_code == 200
    assert f'action="/files/{paper.id}/restore" data-undo' in answer.text
    assert "<html" not in answer.text
    answer = await person.http.post(f"/files/{paper.id}/restore", headers=ASKED_BY_SCRIPT)
    assert answer.status_code == 204


async def test_a_forged_notice_offers_nothing_to_undo(desk: Desk) -> None:
    person, _ = await filed(desk)
    for forged in ("file_removed|../../logout", "profile_saved|0198c000-0000-7000-8000-000000000000"):
        page = await person.http.get("/claims", headers={"cookie": cookies(person, dossier_notice=forged)})
        assert page.status_code == 200
        assert "notice-undo" not in page.text


def cookies(person: Person, **more: str) -> str:
    return "; ".join(f"{name}={value}" for name, value in {**dict(person.http.cookies), **more}.items())


async def test_the_kind_of_a_file_is_changed_on_its_page_and_in_the_viewer(desk: Desk) -> None:
    person, paper = await filed(desk)
    desk.services.will_answer(
        "POST",
        f"/files/{paper.id}/type",
        answer_of(desk, paper, "document-changed", type=DocumentType.IDENTITY),
    )
    answer = await person.http.post(f"/files/{paper.id}/type", data={"type": "identity"})
    assert answer.headers["location"] == f"/files/{paper.id}"
    assert '<option value="identity" selected>' in (await person.http.get(f"/files/{paper.id}")).text
    answer = await person.http.post(
        f"/files/{paper.id}/type", data={"type": "identity"}, headers=ASKED_BY_SCRIPT
    )
    assert '<option value="identity" selected>' in answer.text
    assert "<html" not in answer.text
    refused = await person.http.post(f"/files/{paper.id}/type", data={"type": "nonsense"})
    assert refused.status_code == 422
    assert [body for _, path, body in desk.services.asked if path.endswith("/type")] == [
        {"type": "identity"},
        {"type": "identity"},
    ]


async def test_the_viewer_asks_for_what_is_known_of_a_file_alone(desk: Desk) -> None:
    person, paper = await filed(desk)
    answer = await person.http.get(f"/files/{paper.id}", headers=ASKED_BY_SCRIPT)
    assert "<html" not in answer.text
    assert f'action="/files/{paper.id}/type"' in answer.text
    assert f'data-file-remove="{paper.id}"' in answer.text


async def test_the_api_removes_restores_and_names_a_file(desk: Desk) -> None:
    person, paper = await filed(desk)
    removable(desk, paper)
    assert (await person.http.delete(f"/api/v1/files/{paper.id}")).status_code == 204
    assert (await person.http.get(f"/api/v1/files/{paper.id}")).status_code == 404
    answer = await person.http.post(f"/api/v1/files/{paper.id}/restore")
    assert answer.json()["id"] == paper.id
    desk.services.will_answer(
        "POST",
        f"/files/{paper.id}/type",
        answer_of(desk, paper, "document-changed", type=DocumentType.IDENTITY, sequence=9),
    )
    assert (await person.http.post(f"/api/v1/files/{paper.id}/type", json={"type": "identity"})).json()["id"]
    refused = await person.http.post(f"/api/v1/files/{paper.id}/type", json={"type": "nonsense"})
    assert (refused.status_code, refused.json()["field"]) == (422, "type")


async def test_a_service_that_does_not_answer_leaves_the_file_where_it_is(desk: Desk) -> None:
    person, paper = await filed(desk)
    desk.services.will_answer("DELETE", f"/files/{paper.id}", {"code": "unavailable", "detail": "?"}, 503)
    answer = await person.http.post(f"/files/{paper.id}/remove", headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert (await person.http.get(f"/api/v1/files/{paper.id}")).status_code == 200
