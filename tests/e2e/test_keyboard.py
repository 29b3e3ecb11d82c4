"""A claim's whole way with the keyboard alone: found by its plate, watched, contact details confirmed, a photo added."""

from __future__ import annotations

from playwright.async_api import FilePayload, Page, expect

from tests.e2e.test_files import photo
from tests.e2e.test_line_in_browser import cases
from tests.e2e.visitor import Visitor
from tests.fixtures.desk import Desk
from tests.fixtures.partners import PartnerLine
from tests.fixtures.stack import Stack

LONGEST = 80
"""Presses of the tab key after which a person gives up."""


async def tab_to(page: Page, selector: str) -> None:
    """Press the tab key until the focus is there; it must be visible all the way."""
    for _ in range(LONGEST):
        await page.keyboard.press("Tab")
        there, shown = await page.evaluate(
            "(selector) => [document.activeElement.matches(selector), document.activeElement.matches(':focus-visible')]",
            selector,
        )
        assert shown, f"the focus went out of sight on the way to {selector}"
        if there:
            return
    raise AssertionError(f"{selector} is not reached by {LONGEST} presses of the tab key")


async def test_a_claim_is_found_watched_confirmed_and_given_a_photo_by_the_keyboard(
    stack: Stack, line: PartnerLine, broker_fr: Desk, visitor: Visitor
) -> None:
    case = (await cases(stack, broker_fr, "garage-lyon", 3))[0]
    claim = await broker_fr.claim(case.number)
    page = await visitor.log_in("broker.fr")
    await visitor.listen(page)

    await page.keyboard.press("/")
    await page.keyboard.type(claim["plate"])
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/search?q=*")
    await tab_to(page, f"main a[href='/claims/{case.number}']")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/claims/{case.number}")
    await visitor.listen(page)

    await tab_to(page, ".identity-actions [data-dialog=dialog-note]")
    step = await page.locator(".stepper .step-current .step-name").inner_text()
    await line.push(case.update(percent=37))
    await expect(page.locator(".repair-now progress")).to_have_attribute("value", "37")
    await expect(page.locator(".stepper .step-current .step-name")).not_to_have_text(step)
    kept = await page.evaluate("document.activeElement.dataset.dialog === 'dialog-note' && window.kept")
    assert kept, "the update took the focus away, or the page was loaded anew"
    await page.keyboard.press("Enter")
    await expect(page.locator("#dialog-note")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#dialog-note")).to_be_hidden()

    tiles = page.locator(".file-tile")
    before = await tiles.count()
    await tab_to(page, "[data-uploader] input[type=file][multiple]")
    async with page.expect_file_chooser() as chosen:
        await page.keyboard.press("Space")
    chooser = await chosen.value
    await chooser.set_files([FilePayload(name="clavier.jpg", mimeType="image/jpeg", buffer=photo("teal"))])
    await expect(tiles).to_have_count(before + 1)

    await tab_to(page, f"#insured a[href='/clients/{claim['client']['id']}']")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/clients/*")
    await tab_to(page, "form[action$='/confirm-contact'] button")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice-good")).to_be_visible()
    await expect(page.locator(".contacts .contact-state.warn")).to_have_count(0)


async def test_what_was_opened_last_is_two_keys_away(stack: Stack, broker_fr: Desk, visitor: Visitor) -> None:
    number = (await broker_fr.claims())[7]["claim_number"]
    await visitor.log_in("broker.fr")
    page = await visitor.tab(f"/claims/{number}")
    await page.goto("/clients")
    await page.keyboard.press("/")
    first = page.locator("#search-list [role=option]").first
    await expect(first).to_have_attribute("href", f"/claims/{number}")
    await page.keyboard.press("ArrowDown")
    await expect(first).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/claims/{number}")

    await page.keyboard.press("/")
    await expect(page.locator("#search-panel")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#search-panel")).to_be_hidden()
    await page.keyboard.type("zzzz")
    await expect(page.locator("#search-panel .found-nothing")).to_be_visible()
    assert await page.locator("#search-list").count() == 0, "what was opened last gives way to what is typed"
