"""What a benchmark finds: ratios of ours to a bare baseline, and how they are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Literal

Measure = Callable[[], Awaitable[float]]
Better = Literal["more", "less"]


@dataclass(frozen=True)
class Goal:
    """`more`: at least this part of the baseline's throughput; `less`: at most this many times its cost."""

    better: Better
    ratio: float

    def met(self, ratio: float) -> bool:
        """Whether a ratio is within the goal."""
        return ratio >= self.ratio if self.better == "more" else ratio <= self.ratio

    def __str__(self) -> str:
        """At least 60 %, or at most 3.0 times."""
        return f"≥ {self.ratio:.0%}" if self.better == "more" else f"≤ {self.ratio:.1f} x"


@dataclass(frozen=True)
class Spread:
    """The least, the middle and the greatest of some figures."""

    least: float
    middle: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one figure."""
        if not values:
            message = "there is no spread of nothing"
            raise ValueError(message)
        return cls(min(values), median(values), max(values))


@dataclass
class Comparison:
    """Ours and the baseline, measured in turn: the figures of a round are a pair, since the machine was the same for both."""

    name: str
    baseline: str
    unit: str
    goal: Goal | None
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    remark: str = ""

    @property
    def ratios(self) -> list[float]:
        """Ours over the baseline, round by round."""
        return [ours / bare for ours, bare in zip(self.ours, self.bare, strict=True)]

    @property
    def spread(self) -> Spread:
        """Of the ratios."""
        return Spread.of(self.ratios)

    @property
    def verdict(self) -> str:
        """Whether the middle of the ratios is within the goal."""
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self.spread.middle) else "not met"

    async def run(self, rounds: int, ours: Measure, bare: Measure) -> Comparison:
        """Measure both in turn, once each for warming up (that counts for nothing) and then round by round."""
        await ours()
        await bare()
        for _ in range(rounds):
            self.ours.append(await ours())
            self.bare.append(await bare())
        return self


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many of a hundred lie."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def table(results: Sequence[Comparison]) -> str:
    """Lay the results out as a Markdown table."""
    lines = [
        "| what | ours | baseline | unit | ratio, middle | least … greatest | goal | | baseline is |",
        "|---|---:|---:|---|---:|---:|---|---|---|",
    ]
    for one in results:
        ratio, goal = one.spread, str(one.goal) if one.goal else ""
        lines.append(
            f"| {one.name} | {figure(median(one.ours))} | {figure(median(one.bare))} | {one.unit} "
            f"| {ratio.middle:.2f} | {ratio.least:.2f} … {ratio.greatest:.2f} | {goal} | {one.verdict} | {one.baseline} |"
        )
    remarks = [f"- {one.name}: {one.remark}" for one in results if one.remark]
    return "\n".join([*lines, *(["", *remarks] if remarks else [])])


def figure(value: float) -> str:
    """A figure with about three digits that say something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
