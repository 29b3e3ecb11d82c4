"""The same way on a phone: 360 px wide, with a thumb."""

from __future__ import annotations

from typing import Any

from playwright.async_api import FilePayload, Page, expect

from tests.e2e.test_files import photo
from tests.e2e.test_line_in_browser import cases
from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk
from tests.fixtures.partners import PartnerLine
from tests.fixtures.stack import Stack

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}


async def fits(page: Page) -> None:
    """Fail when the page scrolls sideways."""
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"], page.url


async def test_a_claim_is_found_watched_confirmed_and_given_a_photo_by_a_thumb(
    stack: Stack, line: PartnerLine, broker_il: Desk, visitor: Visitor
) -> None:
    case = (await cases(stack, broker_il, "garage-haifa", 3))[0]
    claim = await broker_il.claim(case.number)
    page = await visitor.log_in("broker.il", **PHONE)
    await visitor.listen(page)
    await expect(page.locator(".main-nav")).to_be_hidden()
    await fits(page)

    await page.locator(".bottom-bar a[href='/search']").tap()
    field = page.locator("#search-q:visible, #global-search:visible")
    await expect(field).to_be_focused()
    await field.fill(claim["plate"])
    await field.press("Enter")
    await page.wait_for_url("**/search?q=*")
    await fits(page)
    await page.locator(f"main a[href='/claims/{case.number}']").tap()
    await page.wait_for_url(f"**/claims/{case.number}")
    await visitor.listen(page)
    await fits(page)

    menu = page.locator("#claim-more")
    await menu.locator("summary").tap()
    await expect(menu).to_have_attribute("open", "")
    await line.push(case.update(percent=58))
    await expect(page.locator(".repair-now progress")).to_have_attribute("value", "58")
    assert await page.evaluate("window.kept")
    await expect(menu).to_have_attribute("open", "")  # an update takes away nothing that somebody opened
    await menu.locator("summary").tap()

    await page.locator(".identity-actions a[href='#files']").tap()
    await expect(page.locator("#files")).to_be_in_viewport()
    tiles = page.locator(".file-tile")
    before = await tiles.count()
    async with page.expect_file_chooser() as chosen:
        await page.locator(".camera-button").tap()
    chooser = await chosen.value
    await chooser.set_files(FilePayload(name="camera.jpg", mimeType="image/jpeg", buffer=photo("maroon")))
    await expect(tiles).to_have_count(before + 1)

    await page.locator(f"#insured .party-name a[href='/clients/{claim['client']['id']}']").tap()
    await page.wait_for_url("**/clients/*")
    await fits(page)
    await page.locator("form[action$='/confirm-contact'] button.btn-primary").tap()
    await expect(page.locator(".notice-good")).to_be_visible()
    await expect(page.locator(".contacts .contact-state.warn")).to_have_count(0)
    await fits(page)
