"""`make faults`: a campaign on real engines, as long as one likes. Exit code 1 when anything was lost, doubled or foreign."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.breaking import engines_behind_doors
from tests.faults.campaign import REPLICAS, Campaign, Outcome
from tests.fixtures.fleet import Fleet, running_fleet
from tests.stack.engines import Unavailable


def campaign(folder: Path, faults: int, updates: int, seed: int) -> tuple[Outcome, Fleet]:
    """Run one on engines of its own; the fleet is stopped when it is given back, its logs are there."""
    begun = time.monotonic()
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # it tells a hundred times a second that the broker is dead

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", flush=True)

    with (
        engines_behind_doors(folder / "engines") as doors,
        running_fleet(folder / "fleet", doors.engines, REPLICAS) as fleet,
    ):
        say(f"{len(fleet.replicas)} processes are ready")
        try:
            return asyncio.run(Campaign(fleet, doors, seed, say).run(faults, updates)), fleet
        except BaseException:
            print(fleet.last_words())
            raise


def main() -> int:
    """Read the command line, run, and tell."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dossier-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as its own user
        try:
            outcome, _ = campaign(folder, chosen.faults, chosen.updates, chosen.seed)
        except Unavailable as reason:
            print(f"faults: nothing was tried. {reason}")
            return 1
    print("\n".join(outcome.lines()))
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
