"""`make test-stack`: says which real engines this machine could offer, and that nothing was tested on them.

The suite for Apache Kafka, PostgreSQL and S3 is not written yet. With STACK_REQUIRED=1 that is a failure.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Engine:
    """A real engine: the setting that names a running one, and the programs that could start one here."""

    name: str
    setting: str
    programs: tuple[str, ...]


ENGINES = (
    Engine("Apache Kafka", "DOSSIER_KAFKA_BOOTSTRAP", ("java", "mvn")),
    Engine("PostgreSQL", "DOSSIER_CLAIMS_DATABASE_URL", ("initdb", "pg_ctl")),
    Engine("S3", "DOSSIER_S3_ENDPOINT", ("versitygw",)),
)
DEBIAN_POSTGRESQL = Path("/usr/lib/postgresql")


def program_exists(name: str) -> bool:
    """Whether a program is on PATH, or where Debian hides those of PostgreSQL."""
    return shutil.which(name) is not None or any(DEBIAN_POSTGRESQL.glob(f"*/bin/{name}"))


def report(environment: Mapping[str, str]) -> list[str]:
    """Tell per engine whether one is named by the settings, or what is missing to start one."""
    lines = []
    for engine in ENGINES:
        missing = [name for name in engine.programs if not program_exists(name)]
        if environment.get(engine.setting):
            state = f"named by {engine.setting}"
        elif missing:
            state = f"{engine.setting} is not set, and this machine lacks {', '.join(missing)}"
        else:
            state = f"{engine.setting} is not set; {', '.join(engine.programs)} could start one"
        lines.append(f"  {engine.name:<13} {state}")
    return lines


def main(environment: Mapping[str, str]) -> int:
    """Print the report; fail when the caller insists on the real engines."""
    required = environment.get("STACK_REQUIRED") == "1"
    print("test-stack: the suite for the real engines is not written yet, so NOTHING was tested on them.")
    print("\n".join(report(environment)))
    print("STACK_REQUIRED=1: this is a failure." if required else "STACK_REQUIRED=1 makes this a failure.")
    return int(required)


if __name__ == "__main__":
    sys.exit(main(os.environ))
