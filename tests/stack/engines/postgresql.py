"""PostgreSQL in a data folder of its own, run by the `postgres` user where this is root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.stack.engines import programs

_SERVICES: Final = ("policy", "claims", "documents", "notifications", "gateway")
_OPTIONS: Final = (
    "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "fsync=on", "-c", "shared_buffers=128MB",
)  # fmt: skip
_START_SECONDS: Final = 60.0


class PostgreSQL:
    """A server on a port of its own; `stop` and `start` again go through crash recovery."""

    def __init__(self, folder: Path) -> None:
        """Choose the port; nothing runs before `start`."""
        self.port = programs.free_port()
        self._folder = folder
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._options: Sequence[str] = _OPTIONS

    @property
    def superuser_url(self) -> str:
        """URL of the server's superuser, whom no row-level security holds: for what operators do, never for services."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def url(self) -> str:
        """URL of a role as the services have it: it owns its databases, may make some, and is no superuser."""
        return f"postgresql://dossier@127.0.0.1:{self.port}/postgres"

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the five services, one database each."""
        return {
            f"DOSSIER_{name.upper()}_DATABASE_URL": f"postgresql://dossier@127.0.0.1:{self.port}/{name}"
            for name in _SERVICES
        }

    def start(self) -> None:
        """Make the cluster and the databases at the first start; wait for the server."""
        first = not self._data.exists()
        if first:
            self._folder.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                self._give_to_postgres()
            options = [
                "-D",
                str(self._data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
            ]
            self._run(programs.program("initdb"), *options)
        self._serve()
        if first:
            # As deploy/docker/postgresql/databases.sh does it; new databases are copies of template1.
            self._sql("template1", "ALTER FUNCTION textlike(text, text) LEAKPROOF")
            self._sql("postgres", "CREATE ROLE dossier LOGIN CREATEDB")
            self._sql(
                "postgres", "GRANT pg_signal_backend TO dossier"
            )  # drops databases that are being vacuumed
            for name in _SERVICES:
                self._sql("postgres", f"CREATE DATABASE {name} OWNER dossier")

    def _serve(self) -> None:
        """Start the server and wait until it answers.

        It changes its user, which undoes what the kernel was asked to do when we are killed: a process of ours watches over it.
        """
        server = self._as_postgres(
            programs.program("postgres"),
            "-D",
            str(self._data),
            *self._options,
            "-p",
            str(self.port),
            "-k",
            str(self._folder),
        )
        keeper = [sys.executable, "-m", "deploy.local.lifeline", *server]
        self._process = programs.start(keeper, self._folder / "postgresql.log", tied=False)
        programs.until(self._answers, self._process, "PostgreSQL", _START_SECONDS)

    def _answers(self) -> bool:
        asked = ["-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run([programs.program("pg_isready"), *asked], check=False).returncode == 0

    def restart(self) -> None:
        """Restart as an operator does: open connections are cut."""
        self._end("fast")
        self._serve()

    def ask_for_passwords(self, role: str) -> None:
        """Ask this role for its password from now on; all others are trusted on loopback."""
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self._run(programs.program("pg_ctl"), "-D", str(self._data), "reload")

    def stop(self) -> None:
        """End it at once, as a crash would: it goes through its recovery at the next start."""
        self._end("immediate")

    def _end(self, how: str) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._run(programs.program("pg_ctl"), "-D", str(self._data), "-m", how, "-w", "stop", check=False)
        programs.stop(process)

    def _sql(self, database: str, statement: str) -> None:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        self._run(programs.program("psql"), "--no-psqlrc", "--quiet", *where, "-c", statement)

    def _give_to_postgres(self) -> None:
        """The server refuses to run as root: the folder, and the way to it, belong to its own user."""
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            programs.program("initdb")  # its package makes the user
        shutil.chown(self._folder, "postgres")
        for parent in self._folder.parents:
            if parent.stat().st_uid == 0 and parent != Path("/") and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)

    def _as_postgres(self, *command: str) -> list[str]:
        user = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        )
        return [*user, *command]

    def _run(self, name: str, *arguments: str, check: bool = True) -> None:
        command = self._as_postgres(name, *arguments)
        done = subprocess.run(
            command, cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise programs.Unavailable(
                f"{Path(name).name} failed: {(done.stderr or done.stdout).strip()[-300:]}"
            )
