"""Files on a claim: from the desk's browser, by the API and from a partner; and who gets them back."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk
from tests.fixtures.partners import onramp, partner
from tests.fixtures.stack import Stack
from tests.fixtures.waiting import soon

SECRET = "taken at home"


def photo(colour: str = "navy") -> bytes:
    """A photo whose EXIF tells more than it should."""
    file = io.BytesIO()
    image = Image.new("RGB", (640, 480), colour)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


async def test_a_photo_from_the_browser_is_listed_at_once_and_opens(
    stack: Stack, broker_fr: Desk, visitor: Visitor
) -> None:
    number = partner(stack, "garage-lyon").claim_numbers[0]
    await visitor.log_in("broker.fr")
    page = await visitor.open_live(f"/claims/{number}")
    before = await page.locator(".file-tile").count()
    await page.select_option("#upload-type", "damage_photo")
    await page.set_input_files(
        "input[type=file][multiple]",
        [
            FilePayload(name="aile avant.jpg", mimeType="image/jpeg", buffer=photo()),
            FilePayload(name="aile arrière.jpg", mimeType="image/jpeg", buffer=photo("olive")),
        ],
    )
    await expect(page.locator(".file-tile")).to_have_count(before + 2)
    names = await page.locator(".file-tile .file-name").all_inner_texts()
    assert {"aile avant.jpg", "aile arrière.jpg"} <= {one.strip() for one in names}
    shown = page.locator(".file-tile img").first
    await shown.scroll_into_view_if_needed()
    await expect(shown).to_have_js_property("complete", value=True)
    assert await shown.evaluate("image => image.naturalWidth") == 480, "the tile shows the small rendition"
    assert await page.evaluate("window.kept === true")

    files = (await broker_fr.claim(number))["files"]
    assert {one["type"] for one in files if one["name"].startswith("aile")} == {"damage_photo"}


async def test_a_file_by_the_api_is_shown_safely_and_downloaded_by_its_name(
    stack: Stack, broker_fr: Desk, broker_il: Desk
) -> None:
    number = partner(stack, "garage-lyon").claim_numbers[1]
    answer = await broker_fr.client.post(
        f"/api/v1/claims/{number}/files",
        files={"file": ("côté été.jpg", photo(), "image/jpeg")},
        data={"type": "damage_photo"},
    )
    assert answer.status_code == 201, answer.text
    added = answer.json()
    assert {"id", "name", "type", "content_type", "size"} <= set(added)
    assert (added["name"], added["type"], added["content_type"]) == (
        "côté été.jpg",
        "damage_photo",
        "image/jpeg",
    )
    path = f"/api/v1/files/{added['id']}"
    assert (await broker_fr.get(f"/files/{added['id']}"))["size"] == added["size"]

    content = await broker_fr.client.get(f"{path}/content")
    assert content.status_code == 200
    assert content.headers["content-type"] == "image/jpeg"
    assert content.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in content.headers["content-security-policy"]
    assert SECRET.encode() not in content.content, "EXIF is dropped"
    assert Image.open(io.BytesIO(content.content)).size == (640, 480)

    download = await broker_fr.client.get(f"{path}/download")
    disposition = download.headers["content-disposition"]
    assert disposition.startswith("attachment")
    assert "filename*=" in disposition
    assert "%C3%A9t%C3%A9" in disposition

    some = await broker_fr.client.get(f"{path}/content", headers={"Range": "bytes=0-99"})
    assert (some.status_code, len(some.content)) == (206, 100)

    for what in ("", "/content", "/thumbnail", "/download"):
        assert (await broker_il.client.get(path + what)).status_code == 404
    page = await broker_il.client.get(f"/files/{added['id']}")
    assert page.status_code == 404


async def test_a_partners_photo_stands_on_the_claim_and_alerts_the_desk(
    stack: Stack, broker_fr: Desk
) -> None:
    garage = partner(stack, "garage-lyon")
    number = garage.claim_numbers[2]
    position = await broker_fr.newest_position()
    async with broker_fr.live() as live, onramp(stack, garage) as http:
        answer = await http.post(
            f"/claims/{number}/files",
            files={"file": ("facture.jpg", photo("gray"), "image/jpeg")},
            data={"type": "repair_invoice"},
        )
        assert answer.status_code == 201, answer.text
        told = await live.wait_for(lambda one: one.name == "alert")
        assert told.data["claim_number"] == number

    async def listed() -> bool:
        files = (await broker_fr.claim(number))["files"]
        return any(one["id"] == answer.json()["id"] and one["type"] == "repair_invoice" for one in files)

    await soon(listed)
    alerts = await broker_fr.alerts_after(position)
    assert [one["claim_number"] for one in alerts] == [number]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.jpg", b"<html><script>alert(1)</script></html>"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("program.pdf", b"MZ\x90\x00\x03\x00\x00\x00"),
        ("empty.jpg", b""),
    ],
)
async def test_what_is_not_what_it_says_is_refused_in_words(
    name: str, content: bytes, stack: Stack, broker_fr: Desk
) -> None:
    number = partner(stack, "garage-lyon").claim_numbers[1]
    before = len((await broker_fr.claim(number))["files"])
    answer = await broker_fr.client.post(
        f"/api/v1/claims/{number}/files", files={"file": (name, content, "image/jpeg")}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["detail"]
    assert len((await broker_fr.claim(number))["files"]) == before
