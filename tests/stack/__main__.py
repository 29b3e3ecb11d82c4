"""`make test-stack`: the integration and end-to-end suites, a short fault campaign, and what only real engines can show.

Says plainly what it could not get; with STACK_REQUIRED=1 that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.stack.engines import Unavailable, running, suite_environment

SUITES: Final = ("tests/integration", "tests/stack", "tests/faults", "tests/e2e")


def missing(reason: str, environment: Mapping[str, str]) -> int:
    """Say that nothing was tested, and whether that is a failure."""
    required = environment.get("STACK_REQUIRED") == "1"
    print(f"test-stack: NOTHING was tested on real engines. {reason}")
    print("STACK_REQUIRED=1: this is a failure." if required else "STACK_REQUIRED=1 makes this a failure.")
    return int(required)


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Start the engines, run the suites against them, end the engines; the exit code is the suites'."""
    with tempfile.TemporaryDirectory(prefix="dossier-stack-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as its own user
        try:
            with running(folder) as engines:
                # Not where all runs of this user have theirs: each run that begins closes that for the user of PostgreSQL.
                own = f"--basetemp={folder / 'tests'}"
                command = [sys.executable, "-m", "pytest", "-q", own, *(arguments or SUITES)]
                return subprocess.call(command, env={**suite_environment(engines), "STACK": "real"})
        except Unavailable as reason:
            return missing(str(reason), environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
