"""A few faults with every `make test-stack`; `make faults` runs long campaigns."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.__main__ import campaign
from tests.stack.engines import Unavailable

FAULTS, UPDATES, SEED = 5, 500, 11


def test_a_short_campaign_loses_nothing_doubles_nothing_and_shows_nothing_foreign(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = Path(tmp_path_factory.mktemp("campaign"))
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    try:
        outcome, _ = campaign(folder, FAULTS, UPDATES, SEED)
    except Unavailable as reason:
        if os.environ.get("STACK_REQUIRED") == "1":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    print("\n".join(outcome.lines()))
    assert not outcome.wrong, "\n".join(outcome.lines())
    assert outcome.accepted > UPDATES * 0.8
