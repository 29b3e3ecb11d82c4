"""PostgreSQL in a data folder of its own, run by the `postgres` user where this is root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.stack.engines import programs

_SERVICES: Final = ("policy", "claims", "documents", "notifications", "gateway")
_OPTIONS: Final = "-c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=on -c shared_buffers=128MB"


class PostgreSQL:
    """A server on a port of its own; `stop` and `start` again go through crash recovery."""

    def __init__(self, folder: Path) -> None:
        """Choose the port; nothing runs before `start`."""
        self.port = programs.free_port()
        self._folder = folder
        self._data = folder / "data"

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
        log = self._folder / "postgresql.log"
        server = f"{_OPTIONS} -p {self.port} -k {self._folder}"
        self._run(
            programs.program("pg_ctl"), "-D", str(self._data), "-l", str(log), "-o", server, "-w", "start"
        )
        if first:
            # As deploy/docker/postgresql/databases.sh does it; new databases are copies of template1.
            self._sql("template1", "ALTER FUNCTION textlike(text, text) LEAKPROOF")
            self._sql("postgres", "CREATE ROLE dossier LOGIN CREATEDB")
            self._sql(
                "postgres", "GRANT pg_signal_backend TO dossier"
            )  # drops databases that are being vacuumed
            for name in _SERVICES:
                self._sql("postgres", f"CREATE DATABASE {name} OWNER dossier")

    def restart(self) -> None:
        """Restart as an operator does: open connections are cut."""
        # With a log of its own: else it would keep the pipe open on which we wait for what this command says.
        log = str(self._folder / "postgresql.log")
        self._run(programs.program("pg_ctl"), "-D", str(self._data), "-l", log, "-m", "fast", "-w", "restart")

    def ask_for_passwords(self, role: str) -> None:
        """Ask this role for its password from now on; all others are trusted on loopback."""
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self._run(programs.program("pg_ctl"), "-D", str(self._data), "reload")

    def stop(self) -> None:
        """End it, open connections and all."""
        if (self._data / "postmaster.pid").exists():
            self._run(
                programs.program("pg_ctl"),
                "-D",
                str(self._data),
                "-m",
                "immediate",
                "-w",
                "stop",
                check=False,
            )

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

    def _run(self, name: str, *arguments: str, check: bool = True) -> None:
        command = [name, *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(
            command, cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise programs.Unavailable(
                f"{Path(name).name} failed: {(done.stderr or done.stdout).strip()[-300:]}"
            )
