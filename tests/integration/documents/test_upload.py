import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.contracts.documents import DocumentState
from tests.integration.documents.frame import (
    CLAIM,
    CLAIRE,
    FRENCH,
    GARAGE,
    ISRAELI,
    NOA,
    OPS,
    OTHER_GARAGE,
    Desk,
    claim,
    client,
    problem,
    result,
)
from tests.unit.documents.samples import EXE, GIF, HTML, MAKER, PDF, SVG, ZIP, bomb, heic, photo, png, scan
from tests.unit.policy.factories import contract


async def test_a_photo_is_cleaned_stored_and_told_of(desk: Desk) -> None:
    answer = await desk.upload(photo(orientation=6), "נזק קדמי.jpg", type="damage_photo")
    state = DocumentState.model_validate(result(answer, 201))
    assert (state.name, state.type, state.content_type) == ("נזק קדמי.jpg", "damage_photo", "image/jpeg")
    assert (state.width, state.height, state.claim_number) == (40, 60, "CL-2026-000001")
    assert (state.uploaded_by.id, state.uploaded_by.name) == ("user-1", "Claire Martin")
    [event] = answer.json()["events"]
    assert event["type"] == "dossier.documents.document-added.v1"
    [stored] = desk.store.objects
    content = stored.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (state.size, state.sha256)
    assert MAKER.encode() not in content
    assert stored.parent.name == FRENCH
    assert state.id not in str(stored)
    assert stored.name not in answer.text


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (png(), "photo.exe", ("photo.exe.png", "image/png")),
        (heic(), "IMG_1.HEIC", ("IMG_1.jpg", "image/jpeg")),
        (scan(1), "fax.tif", ("fax.jpg", "image/jpeg")),
        (scan(2), "fax.tif", ("fax.pdf", "application/pdf")),
        (PDF, "facture.html", ("facture.html.pdf", "application/pdf")),
        (photo(), "../../etc/passwd\u202e", ("passwd.jpg", "image/jpeg")),
    ],
)
async def test_the_content_decides_what_a_file_is_and_the_name_follows(
    desk: Desk, content: bytes, name: str, expected: tuple[str, str]
) -> None:
    state = await desk.added(content, name)
    assert (state["name"], state["content_type"], state["type"]) == (*expected, "other")


async def test_a_pdf_is_kept_as_it_is(desk: Desk) -> None:
    await desk.added(PDF, "report.pdf")
    [stored] = desk.store.objects
    assert stored.read_bytes() == PDF


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"", "photo.jpg", (422, "file_empty", "file")),
        (HTML, "photo.jpg", (415, "file_type_refused", "file")),
        (SVG, "photo.svg", (415, "file_type_refused", "file")),
        (GIF, "photo.jpg", (415, "file_type_refused", "file")),
        (ZIP, "photos.zip", (415, "file_type_refused", "file")),
        (EXE, "report.pdf", (415, "file_type_refused", "file")),
        (GIF + PDF, "report.pdf", (415, "file_type_refused", "file")),
        (b"hello", "note.txt", (415, "file_type_refused", "file")),
        (photo()[:300], "photo.jpg", (422, "file_damaged", "file")),
        (PDF[:-8], "report.pdf", (422, "file_damaged", "file")),
        (bomb(60_000, 60_000), "photo.png", (422, "image_too_large", "file")),
        (PDF + b" " * 300_000, "report.pdf", (413, "file_too_large", "file")),
        (PDF + b" " * 400_000, "report.pdf", (413, "too_large", None)),
    ],
)
async def test_what_cannot_be_taken_is_refused_with_its_reason_and_nothing_is_kept(
    desk: Desk, content: bytes, name: str, expected: tuple[int, str, str | None]
) -> None:
    assert problem(await desk.upload(content, name)) == expected
    assert desk.store.objects == []
    assert await desk.happenings() == []


async def test_a_body_that_grows_past_the_limit_while_it_comes_is_cut_off(desk: Desk) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'

    async def endless() -> AsyncIterator[bytes]:
        yield head
        for _ in range(100):
            yield bytes(100_000)

    headers = desk.headers(CLAIRE) | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await desk.http.post("/files", content=endless(), headers=headers)
    assert problem(answer) == (413, "too_large", None)
    assert desk.store.objects == []


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b"{}", (415, "unsupported_media_type", None)),
        ("multipart/form-data", b"--x--", (400, "malformed", None)),
        ("multipart/form-data; boundary=x", b"nonsense", (400, "malformed", None)),
        ("multipart/form-data; boundary=x", b"--x\r\nBroken", (422, "schema", "file")),
        ("multipart/form-data; boundary=x", b"--x--\r\n", (422, "schema", "file")),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
            (422, "schema", "file"),
        ),
    ],
)
async def test_what_is_no_form_with_a_file_is_refused(
    desk: Desk, content_type: str, body: bytes, expected: tuple[int, str, str | None]
) -> None:
    headers = desk.headers(CLAIRE) | {"Content-Type": content_type}
    assert problem(await desk.http.post("/files", content=body, headers=headers)) == expected


@pytest.mark.parametrize(
    ("binding", "field"),
    [
        ({"agency_id": FRENCH}, "binding"),
        ({"claim_number": "CL-1"}, "binding.agency_id"),
        ({"agency_id": FRENCH, "claim_number": 7}, "binding.claim_number"),
        ({"agency_id": FRENCH, "claim": "CL-1"}, "binding.claim"),
        ("CL-1", "binding"),
    ],
)
async def test_a_file_must_say_what_it_belongs_to(desk: Desk, binding: Any, field: str) -> None:
    assert problem(await desk.upload(photo(), binding=binding)) == (422, "schema", field)


async def test_an_unknown_type_of_document_is_refused(desk: Desk) -> None:
    assert problem(await desk.upload(photo(), type="selfie")) == (422, "schema", "type")


async def test_a_file_of_a_known_claim_is_found_at_its_client_too(desk: Desk) -> None:
    await desk.knows(claim(), client())
    state = await desk.added(photo())
    assert (state["client_id"], state["policy_number"]) == ("client-1", "P-1")
    listed = result(await desk.get("/files?client_id=client-1"))["items"]
    assert [item["id"] for item in listed] == [state["id"]]


async def test_a_file_of_a_known_contract_is_found_at_its_client_too(desk: Desk) -> None:
    await desk.knows(contract())
    state = await desk.added(photo(), binding={"agency_id": FRENCH, "policy_number": "4501-889231"})
    assert state["client_id"] == "client-1"


async def test_a_file_for_another_agency_is_refused_as_if_it_did_not_exist(desk: Desk) -> None:
    assert problem(await desk.upload(photo(), scope=NOA))[:2] == (404, "agency_unknown")
    await desk.knows(claim(), client())
    foreign = {"agency_id": ISRAELI, "claim_number": "CL-2026-000001"}
    assert problem(await desk.upload(photo(), scope=NOA, binding=foreign))[:2] == (404, "claim_unknown")
    foreign = {"agency_id": ISRAELI, "client_id": "client-1"}
    assert problem(await desk.upload(photo(), scope=NOA, binding=foreign))[:2] == (404, "client_unknown")
    assert desk.store.objects == []


async def test_a_binding_that_contradicts_the_claim_is_refused(desk: Desk) -> None:
    await desk.knows(claim())
    answer = await desk.upload(photo(), binding=CLAIM | {"client_id": "client-2"})
    assert problem(answer) == (422, "binding_mismatch", "binding.client_id")


async def test_a_partner_adds_files_to_its_claims_and_reads_nothing(desk: Desk) -> None:
    await desk.knows(claim())
    state = await desk.added(photo(), scope=GARAGE)
    assert state["uploaded_by"] == {"kind": "partner", "id": "garage-lyon", "name": "Garage de Lyon"}
    assert problem(await desk.upload(photo(), scope=OTHER_GARAGE))[:2] == (403, "not_assigned")
    for path in ("", "/content", "/download"):
        assert problem(await desk.get(f"/files/{state['id']}{path}", GARAGE))[:2] == (403, "not_allowed")


async def test_a_partner_that_is_no_longer_on_the_claim_adds_nothing(desk: Desk) -> None:
    await desk.knows(claim(), claim(sequence=2, garage=None))
    assert problem(await desk.upload(photo(), scope=GARAGE))[:2] == (403, "not_assigned")
    await desk.knows(claim(sequence=1))
    assert problem(await desk.upload(photo(), scope=GARAGE))[:2] == (403, "not_assigned")


async def test_a_partner_adds_to_claims_that_are_not_known_here_yet(desk: Desk) -> None:
    await desk.added(photo(), scope=GARAGE)


async def test_operators_and_strangers_add_nothing(desk: Desk) -> None:
    assert problem(await desk.upload(photo(), scope=OPS))[:2] == (403, "not_allowed")
    assert problem(await desk.http.post("/files", files={"file": ("a", b"x")}))[:2] == (
        401,
        "unauthenticated",
    )


async def test_a_claim_has_so_many_files_and_no_more(desk: Desk) -> None:
    for _ in range(3):
        await desk.added(photo())
    assert problem(await desk.upload(photo())) == (409, "too_many_files", "binding")
    await desk.added(photo(), binding=CLAIM | {"claim_number": "CL-2026-000002"})


async def test_a_repeated_upload_with_its_key_has_one_effect_and_the_same_answer(desk: Desk) -> None:
    key = {"Idempotency-Key": "photo-001"}
    first = await desk.upload(photo(), headers=key)
    again = await desk.upload(photo(), headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(desk.store.objects) == 1
    other = await desk.upload(png(), headers=key)
    assert problem(other)[:2] == (409, "idempotency_key_reused")


async def test_many_at_once_are_all_taken(desk: Desk) -> None:
    bindings = [CLAIM | {"claim_number": f"CL-{place}"} for place in range(6)]
    answers = await asyncio.gather(*(desk.upload(photo(), binding=binding) for binding in bindings))
    assert [answer.status_code for answer in answers] == [201] * 6
    assert len(desk.store.objects) == 6


async def test_a_strangers_body_is_not_even_read(desk: Desk) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(3):
            taken += 1
            yield bytes(50_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await desk.http.post("/files", content=body(), headers=headers)
    assert problem(answer)[:2] == (401, "unauthenticated")
    assert taken == 0
