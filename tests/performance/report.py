"""docs/performance.md: the table between its marks is written anew, what people wrote around it stays."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.performance.comparison import Comparison, table
from tests.stack.engines import kafka
from tests.stack.engines.programs import program

REPORT: Final = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN: Final = "<!-- make bench WRITE=1 writes from here -->"
END: Final = "<!-- to here -->"
LIBRARIES: Final = (
    "aiokafka",
    "faststream",
    "asyncpg",
    "sqlalchemy",
    "pydantic",
    "starlette",
    "uvicorn",
    "jinja2",
)


def report(known: str, results: Sequence[Comparison], described: str, minutes: float) -> str:
    """Put the results between the marks; raises ValueError when there are none."""
    before, begin, rest = known.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{REPORT.name} has no marks to write between")
    day = datetime.now(UTC).date().isoformat()
    told = f"{day}, {described} The whole run took {minutes:.0f} minutes.\n\n{table(results)}"
    return f"{before}{BEGIN}\n\n{told}\n\n{END}{after}"


def machine() -> str:
    """What the figures were made on."""
    postgresql = subprocess.run(
        [program("pg_ctl"), "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[2]
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores for everything, {memory:.0f} GB;"
        f" Python {platform.python_version()}, Apache Kafka {kafka.VERSION} (SASL/SCRAM), PostgreSQL {postgresql},"
        f" all on loopback; {libraries}."
    )
