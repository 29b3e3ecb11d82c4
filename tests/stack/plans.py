"""What PostgreSQL does for a query: the plan as it ran, with the rows it read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True)
class Access:
    """One scan of one table: how, by which index conditions, and how many rows it looked at and let through."""

    node: str
    table: str
    index: str
    condition: str
    read: int
    kept: int


@dataclass
class Plan:
    """One statement as it ran."""

    statement: str
    milliseconds: float
    returned: int
    counted: int = 0
    """What a statement that counts gave."""
    accesses: list[Access] = field(default_factory=list)

    def said(self) -> str:
        """Give it in a few lines, for a test that fails."""
        scans = "\n  ".join(
            f"{one.node} {one.table} {one.index} {one.condition} read {one.read}" for one in self.accesses
        )
        return f"{self.milliseconds:.1f} ms {self.statement[:600]}\n  {scans}"

    @property
    def read(self) -> int:
        """Rows looked at, in all tables together."""
        return sum(one.read for one in self.accesses)


class Watched:
    """Collects the statements that go through an engine, and explains them."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Begin to collect."""
        self._engine = engine
        self.statements: list[tuple[str, Any]] = []
        event.listen(engine.sync_engine, "before_cursor_execute", self._collect)

    def _collect(
        self, _connection: Connection, _cursor: object, statement: str, parameters: Any, *_: object
    ) -> None:
        if (
            statement.lstrip().upper().startswith(("SELECT", "WITH", "DELETE"))
            and "set_config" not in statement
        ):
            self.statements.append((statement, parameters))

    async def explain(self, reach: str) -> list[Plan]:
        """Run what was collected once more, under the same reach, and give what happened."""
        collected, self.statements = self.statements, []
        plans = []
        async with self._engine.connect() as connection:
            for statement, parameters in collected:
                await connection.exec_driver_sql("SELECT set_config('dossier.agencies', $1, true)", (reach,))
                asked = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                found: Any = await connection.exec_driver_sql(asked, parameters)
                [document] = found.scalar_one()
                plan = _plan(statement, document)
                if "count(*)" in statement.lower() and "group by" not in statement.lower():
                    counted: Any = await connection.exec_driver_sql(statement, parameters)
                    value = counted.scalar()
                    plan.counted = int(value) if isinstance(value, int | Decimal) else 0
                plans.append(plan)
                await connection.rollback()
        self.statements.clear()
        return plans


def _plan(statement: str, document: dict[str, Any]) -> Plan:
    root = document["Plan"]
    plan = Plan(statement, document["Execution Time"], root["Actual Rows"] * root["Actual Loops"])
    plan.accesses = list(_accesses(root, ""))
    return plan


def _accesses(node: dict[str, Any], condition: str) -> Iterator[Access]:
    """Every scan of a table. A bitmap's conditions stand with the index scans below it."""
    kind = node["Node Type"]
    below = node.get("Plans", [])
    if kind == "Bitmap Heap Scan":
        condition = " AND ".join(_conditions(below))
    if "Relation Name" in node:
        loops = node["Actual Loops"]
        kept = round(node["Actual Rows"] * loops)
        dropped = sum(
            node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck")
        )
        own = node.get("Index Cond") or condition
        index = node.get("Index Name") or " ".join(_indexes(below))
        yield Access(kind, node["Relation Name"], index, own, kept + round(dropped * loops), kept)
    for one in below:
        yield from _accesses(one, condition)


def _conditions(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if "Index Cond" in node:
            yield node["Index Cond"]
        yield from _conditions(node.get("Plans", []))


def _indexes(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if "Index Name" in node:
            yield node["Index Name"]
        yield from _indexes(node.get("Plans", []))
