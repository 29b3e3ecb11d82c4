"""`make screenshots`: every page in every language, size and theme, pictured and checked, with a contact sheet.

    python -m tests.visual [--pages claim,home] [--languages fr,he] [--url http://127.0.0.1:8000]

Starts a stack of its own with demo data, or looks at the one at `--url` (a demo, too). Writes into `screenshots/`;
`index.html` there shows all of it. Fails when anything was found wrong; `findings.txt` tells what and where.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import httpx
from playwright.async_api import Browser, async_playwright

from deploy.setup.browser import find_browser
from tests.e2e.visitor import QUIET
from tests.fixtures.stack import ROOT, running_stack
from tests.visual.contact_sheet import write_contact_sheet
from tests.visual.places import LANGUAGES, STOPS, Places, places_of
from tests.visual.walker import DESK, PASSWORD, PHONE, TABLET, THEMES, Look, Walker, walking

FOLDER = ROOT / "screenshots"
AT_ONCE = 2
"""Browsers' pages at work at a time: more than there are cores makes all of them slower."""
Findings = dict[str, list[str]]
"""Where something was found, by what it says."""


def address_of(user: str) -> str:
    """The e-mail address of a user of the demo."""
    return f"{user}@demo.example"


async def find_places(url: str, language: str) -> Places:
    """Good examples for the user who speaks this language."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        login = {"email": address_of(LANGUAGES[language]), "password": PASSWORD}
        (await http.post("/api/v1/session", json=login)).raise_for_status()
        return await places_of(http)


async def walk(
    browser: Browser,
    url: str,
    language: str,
    names: Sequence[str],
    folder: Path,
    found: Findings,
    opening: asyncio.Lock,
    *,
    phone: bool,
) -> int:
    """All pages in a language on a device; gives the number of pictures."""
    places = await find_places(url, language)
    taken = 0
    async with AsyncExitStack() as closing:
        walkers: dict[str, Walker] = {}
        people = {"desk": address_of(LANGUAGES[language]), "nobody": "", "ops": address_of("ops")}
        for who in {STOPS[name].visitor for name in names}:
            walkers[who] = await closing.enter_async_context(
                walking(browser, url, language, people[who], places, phone=phone)
            )
        for name in names:
            walker = walkers[STOPS[name].visitor]
            async with opening:  # the account of operations is one for all languages
                page = await walker.open(name)
            for width in (PHONE,) if phone else (TABLET, DESK):
                for theme in THEMES:
                    look = Look(width, theme)
                    for one in await walker.look(page, name, look):
                        found[one].append(f"{language}/{name}-{look}")
                    await walker.picture(page, folder / language / f"{name}-{look}.jpg", look)
                    taken += 1
            if not phone and not STOPS[name].press:
                on_paper = folder / language / f"{name}-print.jpg"
                more = await walker.zoom(page) + await walker.focus(page) + await walker.print(page, on_paper)
                for one in more + walker.complaints():
                    found[one].append(f"{language}/{name}")
                taken += 1
            await page.close()
            print(f"{language} {'phone' if phone else 'desk ':5} {name}", flush=True)
    return taken


async def walk_all(
    url: str, languages: Sequence[str], names: Sequence[str], folder: Path
) -> tuple[int, Findings]:
    """Everything that was asked for."""
    path = find_browser()
    if path is None:
        sys.exit("no Chromium: `make test` installs one")
    found: Findings = defaultdict(list)
    turn, opening = asyncio.Semaphore(AT_ONCE), asyncio.Lock()
    async with async_playwright() as playwright:

        async def one(language: str, *, phone: bool) -> int:
            # A browser each: the windows of one cover each other, and one that is covered draws no more frames.
            async with (
                turn,
                await playwright.chromium.launch(executable_path=path, args=list(QUIET)) as browser,
            ):
                return await walk(browser, url, language, names, folder, found, opening, phone=phone)

        taken = await asyncio.gather(
            *(one(language, phone=phone) for language in languages for phone in (True, False))
        )
    return sum(taken), found


@contextmanager
def stack_at(url: str) -> Iterator[str]:
    """The stack that was named, or one of our own for as long as it takes."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder)) as stack:
        yield stack.url


def chosen(text: str, known: Sequence[str]) -> list[str]:
    """What a comma-separated option names, or everything; ends the program at a name that does not exist."""
    names = [one.strip() for one in text.split(",") if one.strip()]
    strange = set(names) - set(known)
    if strange:
        sys.exit(f"unknown: {', '.join(sorted(strange))}; there are: {', '.join(known)}")
    return names or list(known)


def main() -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(prog="make screenshots")
    parser.add_argument("--pages", default="", help="comma-separated; all without it")
    parser.add_argument("--languages", default="", help="of fr, he and en")
    parser.add_argument("--url", default="", help="a stack with demo data that runs already")
    options = parser.parse_args()
    names, languages = chosen(options.pages, list(STOPS)), chosen(options.languages, list(LANGUAGES))
    begun = time.monotonic()
    if len(names) == len(STOPS) and len(languages) == len(LANGUAGES):
        shutil.rmtree(FOLDER, ignore_errors=True)
    for language in languages:
        (FOLDER / language).mkdir(parents=True, exist_ok=True)
    with stack_at(options.url) as url:
        taken, found = asyncio.run(walk_all(url, languages, names, FOLDER))
    lines = [
        f"{what}\n    {len(where)} times: {', '.join(where[:12])}" for what, where in sorted(found.items())
    ]
    (FOLDER / "findings.txt").write_text("\n".join(lines) + "\n" if lines else "", encoding="utf-8")
    write_contact_sheet(FOLDER, found)
    print(*lines, sep="\n")
    print(
        f"{taken} pictures of {len(names)} pages in {time.monotonic() - begun:.0f} s: {FOLDER / 'index.html'}; "
        + (f"{len(found)} findings" if found else "nothing found wrong")
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
