from __future__ import annotations

from pathlib import Path

import pytest

from tests.performance import __main__ as bench
from tests.performance import report as told
from tests.performance.comparison import Comparison, Goal, Spread, figure, percentile, table
from tests.performance.engines import Engines
from tests.stack.engines import Unavailable


def comparison(ours: list[float], bare: list[float], goal: Goal | None = None, **more: str) -> Comparison:
    return Comparison("Ingest", "a bare loop", "updates/s", goal, ours, bare, **more)


def test_a_ratio_is_of_one_round_and_the_spread_is_of_the_ratios() -> None:
    # The machine was twice as busy in the second round: the figures halve, the ratio does not.
    found = comparison([60.0, 30.0, 70.0], [100.0, 50.0, 100.0])
    assert found.ratios == [0.6, 0.6, 0.7]
    assert found.spread == Spread(0.6, 0.6, 0.7)


def test_rounds_that_have_no_partner_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="longer"):
        _ = comparison([1.0], [1.0, 2.0]).ratios
    with pytest.raises(ValueError, match="nothing"):
        _ = comparison([], []).spread


@pytest.mark.parametrize(
    ("goal", "ours", "verdict"),
    [
        (Goal("more", 0.6), 60.0, "met"),
        (Goal("more", 0.6), 59.0, "not met"),
        (Goal("less", 3.0), 300.0, "met"),
        (Goal("less", 3.0), 301.0, "not met"),
        (None, 1.0, ""),
    ],
)
def test_a_goal_is_met_up_to_its_figure(goal: Goal | None, ours: float, verdict: str) -> None:
    assert comparison([ours], [100.0], goal).verdict == verdict


async def test_both_sides_take_turns_after_one_round_that_counts_for_nothing() -> None:
    turns: list[str] = []

    async def ours() -> float:
        turns.append("A")
        return float(len(turns))

    async def bare() -> float:
        turns.append("B")
        return float(len(turns))

    found = await Comparison("x", "y", "ms", None).run(2, ours, bare)
    assert "".join(turns) == "ABABAB"
    assert (found.ours, found.bare) == ([3.0, 5.0], [4.0, 6.0])


def test_the_table_says_what_was_found_and_remarks_stand_below() -> None:
    lines = table([comparison([50.0, 60.0], [100.0, 100.0], Goal("more", 0.6), remark="twelve rows each.")])
    assert "| Ingest | 55.0 | 100 | updates/s | 0.55 | 0.50 … 0.60 | ≥ 60% | not met | a bare loop |" in lines
    assert lines.endswith("- Ingest: twelve rows each.")


def test_figures_have_three_digits_that_say_something() -> None:
    assert [figure(one) for one in (1234.5, 12.34, 1.234)] == ["1,234", "12.3", "1.23"]


def test_a_percentile_lies_within_the_values() -> None:
    assert percentile([float(one) for one in range(101)], 95) == 95.0
    assert percentile([7.0], 95) == 7.0


def test_the_report_keeps_what_people_wrote() -> None:
    known = f"# Performance\n\nwhy\n\n{told.BEGIN}\nold table\n{told.END}\n\nmore\n"
    written = told.report(known, [comparison([1.0], [2.0])], "two cores.", 3.2)
    assert written.startswith("# Performance\n\nwhy\n")
    assert written.endswith(f"{told.END}\n\nmore\n")
    assert "old table" not in written
    assert "two cores. The whole run took 3 minutes." in written
    assert "| 0.50 |" in written


def test_a_report_without_marks_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="no marks"):
        told.report("# Performance\n", [], "", 0)


def test_the_projects_report_can_be_written_into() -> None:
    assert told.report(told.REPORT.read_text(encoding="utf-8"), [comparison([1.0], [2.0])], "here.", 1)


@pytest.mark.parametrize(("environment", "code"), [({}, 0), ({"STACK_REQUIRED": "1"}, 1)])
def test_without_engines_nothing_is_measured_and_that_is_said(
    environment: dict[str, str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def none(_folder: Path) -> Engines:
        raise Unavailable("java is missing")

    monkeypatch.setattr(bench, "running", none)
    assert bench.main([], environment) == code
    assert "NOTHING was measured. java is missing" in capsys.readouterr().out


def test_an_unknown_part_is_refused_before_anything_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["--only", "ingest,tea"], {})
    assert "there is no part tea" in capsys.readouterr().err
