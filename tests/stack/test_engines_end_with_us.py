"""A run that is killed leaves no engine behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fixtures.stack import ROOT
from tests.fixtures.waiting import eventually
from tests.stack.engines import PostgreSQL
from tests.stack.engines.programs import listens

RUN = """
import sys
from pathlib import Path
from tests.stack.engines import PostgreSQL

server = PostgreSQL(Path(sys.argv[1]))
server.start()
print(server.port, flush=True)
sys.stdin.read()
"""


def test_postgresql_ends_with_a_run_that_is_killed(postgresql: PostgreSQL) -> None:
    assert listens(postgresql.port)  # it can be had here; else this was skipped with the reason
    with TemporaryDirectory(prefix="dossier-killed-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        run = [sys.executable, "-c", RUN, str(Path(name) / "engine")]
        with subprocess.Popen(run, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as started:
            assert started.stdout is not None
            port = int(started.stdout.readline())
            assert listens(port)
            started.kill()
        eventually(lambda: not listens(port), 20, "the end of a server whose run was killed")
