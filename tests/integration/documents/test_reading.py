from urllib.parse import unquote

import pytest

from tests.integration.documents.frame import CLAIM, FRENCH, NOA, OPS, Desk, claim, problem, result
from tests.unit.documents.samples import PDF, photo


async def test_content_is_shown_but_can_run_nothing(desk: Desk) -> None:
    state = await desk.added(photo(), "נזק.jpg")
    answer = await desk.get(f"/files/{state['id']}/content")
    [stored] = desk.store.objects
    assert answer.content == stored.read_bytes()
    headers = answer.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-length"] == str(state["size"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert headers["content-security-policy"].endswith("; sandbox")
    assert headers["content-disposition"].startswith("inline;")
    assert headers["cache-control"] == "private, no-cache"


async def test_a_pdf_can_be_shown_by_the_browsers_viewer_in_an_origin_of_its_own(desk: Desk) -> None:
    state = await desk.added(PDF)
    policy = (await desk.get(f"/files/{state['id']}/content")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("; sandbox allow-scripts")
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize("name", ["צילום נזק.pdf", "relevé d'information n°3.pdf", "plain.pdf"])
async def test_a_download_is_an_attachment_under_its_own_name(desk: Desk, name: str) -> None:
    state = await desk.added(PDF, name)
    answer = await desk.get(f"/files/{state['id']}/download")
    assert answer.content == PDF
    header = answer.headers["content-disposition"]
    assert header.startswith("attachment;")
    assert unquote(header.split("filename*=UTF-8''")[1]) == name
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_the_browser_has_already_is_not_sent_again(desk: Desk) -> None:
    state = await desk.added(PDF)
    path = f"/files/{state['id']}/content"
    tag = (await desk.get(path)).headers["etag"]
    again = await desk.get(path, If_None_Match=f'"other", {tag}')
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("wanted", "expected"), [("bytes=0-4", PDF[:5]), ("bytes=10-", PDF[10:]), ("bytes=-6", PDF[-6:])]
)
async def test_a_part_of_a_file_can_be_read(desk: Desk, wanted: str, expected: bytes) -> None:
    state = await desk.added(PDF)
    answer = await desk.get(f"/files/{state['id']}/content", Range=wanted)
    assert (answer.status_code, answer.content) == (206, expected)
    start = PDF.index(expected) if wanted != "bytes=-6" else len(PDF) - 6
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(PDF)}"
    assert answer.headers["content-length"] == str(len(expected))


async def test_a_part_of_another_version_or_beyond_the_end_is_not_given(desk: Desk) -> None:
    state = await desk.added(PDF)
    path = f"/files/{state['id']}/content"
    changed = await desk.get(path, Range="bytes=0-4", If_Range='"other"')
    assert (changed.status_code, changed.content) == (200, PDF)
    beyond = await desk.get(path, Range="bytes=9000-")
    assert problem(beyond)[:2] == (416, "range_unsatisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(PDF)}"


async def test_a_part_of_a_large_file_is_cut_across_its_pieces(desk: Desk) -> None:
    content = PDF[:-6] + bytes(range(256)) * 1_100 + b"\n%%EOF\n"
    state = await desk.added(content, "large.pdf")
    middle = await desk.get(f"/files/{state['id']}/content", Range="bytes=262100-262200")
    assert middle.content == content[262_100:262_201]


async def test_files_are_listed_newest_first_for_what_they_belong_to(desk: Desk) -> None:
    await desk.knows(claim())
    first = await desk.added(photo())
    second = await desk.added(PDF, "a.pdf")
    await desk.added(PDF, "b.pdf", binding=CLAIM | {"claim_number": "CL-2026-000002"})
    for query in ("claim_number=CL-2026-000001", "policy_number=P-1", "client_id=client-1"):
        items = result(await desk.get(f"/files?{query}"))["items"]
        assert [item["id"] for item in items] == [second["id"], first["id"]]
    assert problem(await desk.get("/files")) == (422, "filter_missing", "claim_number")


async def test_a_removed_file_is_out_of_sight_and_can_be_taken_back(desk: Desk) -> None:
    state = await desk.added(PDF)
    path = f"/files/{state['id']}"
    removed = await desk.ask("DELETE", path)
    assert (result(removed)["removed"], removed.json()["events"][0]["type"]) == (
        True,
        "dossier.documents.document-removed.v1",
    )
    assert result(await desk.get("/files?claim_number=CL-2026-000001"))["items"] == []
    kept = result(await desk.get("/files?claim_number=CL-2026-000001&include_removed=true"))["items"]
    assert [item["id"] for item in kept] == [state["id"]]
    for part in ("content", "download"):
        assert problem(await desk.get(f"{path}/{part}"))[:2] == (404, "file_removed")
    assert problem(await desk.ask("DELETE", path))[:2] == (409, "file_removed")
    assert result(await desk.ask("POST", f"{path}/restore"))["removed"] is False
    assert (await desk.get(f"{path}/content")).content == PDF
    assert problem(await desk.ask("POST", f"{path}/restore"))[:2] == (409, "file_not_removed")
    assert await desk.happenings() == ["document-added", "document-removed", "document-changed"]


async def test_a_file_can_be_given_its_type_later(desk: Desk) -> None:
    state = await desk.added(PDF)
    path = f"/files/{state['id']}/type"
    assert result(await desk.ask("POST", path, json={"type": "repair_invoice"}))["type"] == "repair_invoice"
    assert (await desk.ask("POST", path, json={"type": "repair_invoice"})).json()["events"] == []
    assert problem(await desk.ask("POST", path, json={"type": "selfie"})) == (422, "schema", "type")


async def test_the_other_agency_sees_and_changes_nothing(desk: Desk) -> None:
    state = await desk.added(PDF)
    for method, part in (
        ("GET", ""),
        ("GET", "/content"),
        ("GET", "/download"),
        ("DELETE", ""),
        ("POST", "/restore"),
        ("POST", "/type"),
    ):
        body = {"type": "other"} if part == "/type" else None
        answer = await desk.ask(method, f"/files/{state['id']}{part}", NOA, body)
        assert problem(answer) == (404, "file_unknown", None), part
        assert problem(await desk.ask(method, f"/files/{state['id']}{part}", OPS, body))[0] == 403
    assert result(await desk.get("/files?claim_number=CL-2026-000001", NOA))["items"] == []
    assert result(await desk.get(f"/files/{state['id']}"))["agency_id"] == FRENCH
    assert await desk.happenings() == ["document-added"]


@pytest.mark.parametrize("address", ["/files/a%00b", "/files/a%00b/content"])
async def test_what_has_the_character_nul_in_its_address_is_as_unknown_as_anything(
    desk: Desk, address: str
) -> None:
    assert problem(await desk.get(address)) == (404, "file_unknown", None)
    assert problem(await desk.get("/files?claim_number=a%00b")) == (422, "schema", "claim_number")
