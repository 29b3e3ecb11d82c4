"""An S3 server (VersityGW, Apache-2.0) over a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from tests.stack.engines import programs

VERSION: Final = "v1.8.0"
ACCESS_KEY: Final = "dossier-stack"
SECRET_KEY: Final = "dossier-stack-only"


class S3:
    """A server on a port of its own; the objects are files of a folder."""

    def __init__(self, folder: Path) -> None:
        """Choose the port; nothing runs before `start`."""
        self.port = programs.free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the services."""
        return {
            "DOSSIER_S3_ENDPOINT": self.endpoint,
            "DOSSIER_S3_ACCESS_KEY": ACCESS_KEY,
            "DOSSIER_S3_SECRET_KEY": SECRET_KEY,
        }

    def start(self) -> None:
        """Build the server once, start it, and wait until it listens."""
        objects = self._folder / "objects"
        objects.mkdir(parents=True, exist_ok=True)
        keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
        users = self._folder / "users"
        users.mkdir(exist_ok=True)
        command = [
            _server(),
            "--port",
            f"127.0.0.1:{self.port}",
            "--iam-dir",
            str(users),
            "posix",
            str(objects),
        ]
        self._process = programs.start(command, self._folder / "s3.log", keys)
        programs.until(lambda: programs.listens(self.port), self._process, "The S3 server", 30)

    def administer(self, *arguments: str) -> None:
        """Do what its administrator does: users, and whose a bucket is."""
        login = ["--access", ACCESS_KEY, "--secret", SECRET_KEY, "--endpoint-url", self.endpoint]
        subprocess.run([_server(), "admin", *login, *arguments], check=True, capture_output=True)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            programs.stop(self._process)


def _server() -> str:
    binary = programs.cache() / "bin" / "versitygw"
    if not binary.exists():
        binary.parent.mkdir(exist_ok=True)
        module = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
        environment = {"GOBIN": str(binary.parent), "GOFLAGS": "-modcacherw"}
        command = [programs.program("go"), "install", module]
        programs.fetch(
            "VersityGW (an S3 server; its build takes minutes)",
            command,
            cwd=programs.cache(),
            environment=environment,
        )
    return str(binary)
