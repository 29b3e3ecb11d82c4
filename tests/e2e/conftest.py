"""The real stack, once for what only looks and adds, and once for what kills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fixtures.desk import Desk, desk_of
from tests.fixtures.partners import PartnerLine, partner_line
from tests.fixtures.stack import Stack, running_stack

_open: list[Stack] = []


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


@pytest_asyncio.fixture
async def line(stack: Stack) -> AsyncIterator[PartnerLine]:
    """The partners' connection to the shared stack."""
    async with partner_line(stack) as found:
        yield found


@pytest_asyncio.fixture
async def broker_fr(stack: Stack) -> AsyncIterator[Desk]:
    """The French agency's broker."""
    async with desk_of(stack, "broker.fr") as desk:
        yield desk


@pytest_asyncio.fixture
async def broker_il(stack: Stack) -> AsyncIterator[Desk]:
    """The Israeli agency's broker."""
    async with desk_of(stack, "broker.il") as desk:
        yield desk


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the running stacks said when a test fails."""
    report = yield
    if report.failed:
        for one in _open:
            report.sections.append((f"stack in {one.folder.name}", one.last_words()))
    return report
