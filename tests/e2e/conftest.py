"""The real stack, once for what only looks and adds, and once for what kills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from deploy.setup.browser import find_browser
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import PartnerLine, partner_line
from tests.fixtures.stack import Stack, running_stack
from tests.fixtures.waiting import PATIENCE

HERE = Path(__file__).parent
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_open: list[Stack] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all of them: a browser belongs to the loop that started it, and starts slowly."""
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that most tests share: nobody kills anything in it."""
    yield from _kept(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="session")
def doomed_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack whose processes tests kill; each of them leaves it ready."""
    yield from _kept(tmp_path_factory.mktemp("doomed"))


def _kept(folder: Path) -> Iterator[Stack]:
    with running_stack(folder) as one:
        _open.append(one)
        try:
            yield one
        finally:
            _open.remove(one)


@pytest_asyncio.fixture(loop_scope="session")
async def line(stack: Stack) -> AsyncIterator[PartnerLine]:
    """The partners' connection to the shared stack."""
    async with partner_line(stack) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def broker_fr(stack: Stack) -> AsyncIterator[Desk]:
    """The French agency's broker."""
    async with desk_of(stack, "broker.fr") as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def broker_il(stack: Stack) -> AsyncIterator[Desk]:
    """The Israeli agency's broker."""
    async with desk_of(stack, "broker.il") as desk:
        yield desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, without a window and without calling home."""
    path = find_browser()
    assert path is not None, "no Chromium: `make test` installs one"
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield found
        await found.close()


class Visitor:
    """A person with a browser of his own: cookies, tabs, and every error that his pages had."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        """Nothing is open yet."""
        self._browser = browser
        self._stack = stack
        self._context: Any = None
        self.errors: list[str] = []

    async def log_in(self, email: str, language: str = "") -> Page:
        """Log in by the page, as people do; gives the tab."""
        account = self._stack.account(email)
        self._context = await self._browser.new_context(base_url=self._stack.url)
        page = await self.tab("/login")
        await page.fill("input[name=email]", account.email)
        await page.fill("input[name=password]", account.password)
        await page.locator("form:has(input[name=password]) button[type=submit]").click()
        await page.wait_for_url("**/")
        if language:
            await self._context.request.post("/language", form={"language": language, "next": "/"})
        return page

    async def tab(self, path: str) -> Page:
        """Open one more tab."""
        page: Page = await self._context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._heed(page, said))
        await page.goto(path)
        return page

    async def open_live(self, path: str) -> Page:
        """Open a page and wait until it listens; `window.kept` tells later whether it was ever loaded anew."""
        page = await self.tab(path)
        await self.listen(page)
        return page

    async def listen(self, page: Page) -> None:
        """Wait until the page listens, and mark it."""
        await page.wait_for_selector("#live-dot[data-state=live]", state="attached")
        await page.evaluate("window.kept = true")

    def _heed(self, page: Page, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(f"{page.url}: {said.text}")

    async def close(self) -> None:
        """Close all tabs."""
        if self._context is not None:
            await self._context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(browser: Browser, stack: Stack) -> AsyncIterator[Visitor]:
    """Somebody at the shared stack; that his browser had nothing to complain of is part of every test."""
    one = Visitor(browser, stack)
    yield one
    await one.close()
    assert not one.errors, one.errors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the running stacks said when a test fails."""
    report = yield
    if report.failed:
        for one in _open:
            report.sections.append((f"stack in {one.folder.name}", one.last_words()))
    return report
