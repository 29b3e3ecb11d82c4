from dataclasses import replace
from pathlib import Path

import pytest

from tests.performance import __main__ as bench
from tests.performance.benchmarks import Benchmark, benchmarks


async def test_every_benchmark_runs_and_is_compared(tmp_path: Path) -> None:
    async with benchmarks(tmp_path) as prepared:
        results = [await bench.measure(replace(benchmark, rounds=2)) for benchmark in prepared]
    assert all(result.ratio > 0 for result in results)
    assert bench.table(results).count("\n") == len(results) + 1


async def test_the_report_is_written_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def quick(benchmark: Benchmark) -> bench.Measured:
        return bench.Measured(benchmark, 2.0, 1.0)

    report = tmp_path / "performance.md"
    monkeypatch.setattr(bench, "REPORT", report)
    monkeypatch.setattr(bench, "measure", quick)
    await bench.main([])
    assert not report.exists()
    await bench.main(["--write"])
    assert "| 2.0 | 1.0 | 2.0 |" in report.read_text()
    assert "commit 3 outbox rows" in capsys.readouterr().out
