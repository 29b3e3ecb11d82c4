"""`make bench`: ours beside bare baselines on PostgreSQL and Apache Kafka, in the same run and in turn, as ratios.

Ratios travel between machines, times do not. `--write` (`make bench WRITE=1`) also writes docs/performance.md; `--quick` makes
everything smaller; `--only ingest,pages` does a part. Says plainly what it could not get; with STACK_REQUIRED=1 that is a failure.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.performance import crowd, ingest, line, pages, search
from tests.performance.comparison import Comparison, table
from tests.performance.engines import Engines, running
from tests.performance.report import REPORT, machine, report
from tests.performance.site import site
from tests.stack.engines import Unavailable

PARTS: Final = ("ingest", "line", "pages", "crowd", "search")


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    rounds: int
    updates: int
    """Of a round of ingest."""
    pushed: int
    """Updates of a round whose way to the browser is timed."""
    seconds: float
    """Of a round of page load."""
    streams: int
    claims: int


FULL: Final = Size(rounds=5, updates=4000, pushed=20, seconds=3.0, streams=2000, claims=1_000_000)
QUICK: Final = Size(rounds=3, updates=1500, pushed=8, seconds=1.5, streams=200, claims=50_000)


async def measure(engines: Engines, folder: Path, size: Size, parts: Sequence[str]) -> list[Comparison]:
    """All parts, one after the other: nothing else of ours runs beside what is measured."""
    found: list[Comparison] = []
    if "ingest" in parts:
        found += _told(await ingest.compare(engines, folder, rounds=size.rounds, updates=size.updates))
    if {"line", "pages", "crowd"} & set(parts):
        async with site(engines, folder) as product:
            if "line" in parts:
                found += _told(await line.compare(product, rounds=size.rounds, updates=size.pushed))
            if "pages" in parts:
                found += _told(await pages.compare(product, rounds=size.rounds, seconds=size.seconds))
            if "crowd" in parts:  # last: its alerts are made up
                found += _told(await crowd.compare(product, rounds=size.rounds, streams=size.streams))
    if "search" in parts:
        found += _told(await search.compare(engines, rounds=size.rounds, claims=size.claims))
    return found


def _told(results: list[Comparison]) -> list[Comparison]:
    """Say on the way what is known: a run takes minutes."""
    for one in results:
        print(f"bench: {one.name}: {one.spread.middle:.2f} {one.verdict}", file=sys.stderr, flush=True)
    return results


def missing(reason: str, environment: Mapping[str, str]) -> int:
    """Say that nothing was measured, and whether that is a failure."""
    required = environment.get("STACK_REQUIRED") == "1"
    print(f"bench: NOTHING was measured. {reason}")
    print("STACK_REQUIRED=1: this is a failure." if required else "STACK_REQUIRED=1 makes this a failure.")
    return int(required)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start the engines, measure, print, and write the report when asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name} as well")
    parser.add_argument("--quick", action="store_true", help="smaller and rougher")
    parser.add_argument("--only", default="", help=f"some of {','.join(PARTS)}, with commas between")
    chosen = parser.parse_args(arguments)
    parts = tuple(filter(None, chosen.only.split(","))) or PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    begun, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="dossier-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as its own user
        try:
            with running(folder) as engines:
                size = QUICK if chosen.quick else FULL
                results = asyncio.run(measure(engines, folder, size, parts))
        except Unavailable as reason:
            return missing(str(reason), environment)
    described = f"{machine()} Load when it began: {load:.1f}."
    minutes = (time.monotonic() - begun) / 60
    print(f"{described}\n\n{table(results)}\n\n{minutes:.1f} minutes")
    if chosen.write:
        REPORT.write_text(
            report(REPORT.read_text(encoding="utf-8"), results, described, minutes), encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
