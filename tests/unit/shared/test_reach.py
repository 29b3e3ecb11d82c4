"""Who sees every agency: a short list, each with its reason. A page or an API route is not on it."""

from pathlib import Path
from typing import Final

import pytest

from shared.db.tenancy import EVERY_AGENCY, NO_AGENCY, Scope, reach_of

ROOT: Final = Path(__file__).parents[3]
EVERYWHERE: Final = {
    "services/documents/api/upload.py": "whether a number is another agency's must be known to refuse it",
    "services/gateway/identity/current.py": "finds out who asks, and with it his agencies",
    "services/gateway/identity/login.py": "finds out who asks, and with it his agencies",
    "services/gateway/live/feed.py": "one feed for all streams; each stream filters by its own scope",
    "services/gateway/onramp/routes.py": "a partner's claim is found by its number: partners know no agencies",
    "services/notifications/clocks/runner.py": "clocks of all agencies",
    "shared/messaging/consumer.py": "events and partner messages of all agencies",
    "shared/db/reading.py": "compares with it: only a session that sees everything can be held to less",
    "shared/db/migrations.py": "scripts that fill columns",
    "shared/db/tenancy.py": "says what it is",
    "deploy/identity.py": "the operator's commands",
    "deploy/demo/seed.py": "makes the demo's agencies",
}


def test_nothing_else_sees_every_agency() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in ("services", "shared", "deploy")
        for file in (ROOT / folder).rglob("*.py")
        if "EVERY_AGENCY" in file.read_text(encoding="utf-8")
    }
    assert found == set(EVERYWHERE)


def test_a_reach_is_the_readers_agencies_and_no_more() -> None:
    assert reach_of(Scope("paul", "broker", ("a", "b"))) == "a,b"
    assert reach_of(Scope("nobody", "broker")) == reach_of(NO_AGENCY) == ""
    assert reach_of(EVERY_AGENCY) == "*"


@pytest.mark.parametrize("forged", ["*", "a,b"])
def test_an_agency_cannot_be_named_so_as_to_reach_further(forged: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        reach_of(Scope("paul", "broker", (forged,)))


def test_one_of_the_readers_agencies_is_never_another() -> None:
    scope = Scope("paul", "broker", ("a", "b"))
    assert scope.of_agency("a").agency_ids == ("a",)
    assert scope.of_agency("c").agency_ids == ()
