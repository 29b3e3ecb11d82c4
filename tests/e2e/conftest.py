"""The real stack, once for what only looks and adds, and once for what kills.

On the embedded engines as `dossier run` starts them; with STACK=real on Apache Kafka, PostgreSQL and S3.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from deploy.setup.browser import find_browser
from tests.e2e.visitor import QUIET, Visitor
from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.fleet import running_fleet
from tests.fixtures.partners import PartnerLine, partner_line
from tests.fixtures.stack import Stack, running_stack
from tests.fixtures.waiting import PATIENCE
from tests.stack import engines

HERE = Path(__file__).parent
REAL = os.environ.get("STACK") == "real"
EMBEDDED_ONLY = {
    "test_a_second_start_keeps_what_was_there_and_ctrl_c_leaves_nothing": "is about `dossier run` alone",
    "test_a_second_stack_on_the_same_folder_or_ports_is_refused_in_one_sentence": "is about `dossier run` alone",
    "test_nothing_outlives_a_supervisor_that_was_killed": "is about `dossier run` alone",
    "test_kill_9_of_the_broker_loses_nothing_that_the_sender_sends_again": (
        "is about a broker that forgets; tests/faults kills Apache Kafka, which does not"
    ),
}
"""What is tied to the embedded engines, and why."""
_open: list[Stack] = []
expect.set_options(timeout=PATIENCE * 1000)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One event loop for all of them: a browser belongs to the loop that started it, and starts slowly."""
    if REAL:
        left_out = [item for item in items if item.path.parent == HERE and item.name in EMBEDDED_ONLY]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        for item in left_out:
            print(f"left out on real engines: {item.name} {EMBEDDED_ONLY[item.name]}")
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that most tests share: nobody kills anything in it, so none of its logs may have an error."""
    for one in _kept(tmp_path_factory.mktemp("stack")):
        yield one
        assert not one.trouble()


@pytest.fixture(scope="session")
def doomed_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack whose processes tests kill; each of them leaves it ready."""
    yield from _kept(tmp_path_factory.mktemp("doomed"))


@contextmanager
def _started(folder: Path) -> Iterator[Stack]:
    if not REAL:
        with running_stack(folder) as one:
            yield one
        return
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    with engines.running(folder / "engines") as found, running_fleet(folder / "fleet", found) as fleet:
        yield fleet


def _kept(folder: Path) -> Iterator[Stack]:
    with _started(folder) as one:
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
