"""Every page and every language in a real browser: axe, sizes, focus, paper, words. `make screenshots` does all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import cycle

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.fixtures.desk import desk_of
from tests.fixtures.stack import Stack
from tests.visual.places import LANGUAGES, STOPS, Places, places_of
from tests.visual.walker import DESK, PHONE, Look, Walker, walking

MAIN = ("home", "claims", "claim", "client", "contract", "alerts")
"""Pages that are looked at in all three languages; the others in one each, taken in turn."""
ON_PAPER = ("claim", "client", "contract")
Walkers = Callable[[str, str], Awaitable[Walker]]


def visits() -> list[tuple[str, str]]:
    turn = cycle(LANGUAGES)
    return [(name, language) for name in STOPS for language in (LANGUAGES if name in MAIN else (next(turn),))]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walkers(stack: Stack, browser: Browser) -> AsyncIterator[Walkers]:
    """Somebody who looks, by language and role; each logs in once."""
    known: dict[tuple[str, str], Walker] = {}
    places: dict[str, Places] = {}
    async with AsyncExitStack() as closing:

        async def one(language: str, role: str) -> Walker:
            user = {"desk": LANGUAGES[language], "ops": "ops", "nobody": ""}[role]
            if language not in places:
                async with desk_of(stack, LANGUAGES[language]) as desk:
                    places[language] = await places_of(desk.client)
            if (language, role) not in known:
                email = stack.account(user).email if user else ""
                known[language, role] = await closing.enter_async_context(
                    walking(browser, stack.url, language, email, places[language])
                )
            return known[language, role]

        yield one


@pytest.mark.parametrize(("name", "language"), visits())
async def test_a_page_has_nothing_to_complain_of(name: str, language: str, walkers: Walkers) -> None:
    walker = await walkers(language, STOPS[name].visitor)
    page = await walker.open(name)
    try:
        under_axe = visits().index((name, language)) % 2  # it costs most: each visit has it on one device
        found = []
        for place, look in enumerate((Look(PHONE, "dark"), Look(DESK, "light"))):
            found += [f"{look}: {one}" for one in await walker.look(page, name, look, axe=place == under_axe)]
        if not STOPS[name].press and (name not in MAIN or language == "fr"):
            found += await walker.zoom(page) + await walker.focus(page)
        if name in ON_PAPER and language == "fr":
            found += await walker.print(page)
        found += walker.complaints()
        assert not found, "\n".join(found)
    finally:
        await page.close()


def test_every_page_and_every_language_is_visited() -> None:
    assert {name for name, _ in visits()} == set(STOPS)
    assert {language for _, language in visits()} == set(LANGUAGES)
