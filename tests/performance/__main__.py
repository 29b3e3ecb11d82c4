"""`make bench`: a table of ratios, ours over a bare baseline, both run side by side on this machine.

Ratios travel between machines, times do not. `--write` (`make bench WRITE=1`) also writes docs/performance.md.
"""

import asyncio
import gc
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.performance.benchmarks import Benchmark, Work, benchmarks

REPORT = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


@dataclass(frozen=True)
class Measured:
    """Median times of one round, in microseconds."""

    benchmark: Benchmark
    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """How many times the bare baseline ours takes."""
        return self.ours / self.bare


async def measure(benchmark: Benchmark) -> Measured:
    """Run ours and the baseline in turn, so that whatever else the machine does hits both alike."""
    times: dict[str, list[float]] = {"ours": [], "bare": []}
    await benchmark.ours()
    await benchmark.bare()
    gc.collect()
    for _ in range(benchmark.rounds):
        times["ours"].append(await _timed(benchmark.ours))
        times["bare"].append(await _timed(benchmark.bare))
    per_work = 1e6 / benchmark.at_once
    return Measured(benchmark, median(times["ours"]) * per_work, median(times["bare"]) * per_work)


async def _timed(work: Work) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


def table(results: list[Measured]) -> str:
    """Lay the results out as a Markdown table."""
    lines = [
        "| what | ours, µs | baseline, µs | ratio | baseline |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {result.benchmark.name} | {result.ours:,.1f} | {result.bare:,.1f} "
        f"| {result.ratio:.1f} | {result.benchmark.baseline} |"
        for result in results
    ]
    return "\n".join(lines)


async def main(arguments: list[str]) -> int:
    """Measure, print, and write the report when asked to."""
    with tempfile.TemporaryDirectory() as folder:
        async with benchmarks(Path(folder)) as prepared:
            results = [await measure(benchmark) for benchmark in prepared]
    print(table(results))
    if "--write" in arguments:
        machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
        REPORT.write_text(
            f"# Performance\n\nMedians of `make bench` ({machine}); the ratio is what counts.\n\n{table(results)}\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
