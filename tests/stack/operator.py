"""An operator at his terminal: the `dossier` command with the settings of one installation."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from deploy.cli import main
from shared.settings import PREFIX, SERVICES
from tests.fixtures.stack import ROOT


@dataclass(frozen=True)
class Said:
    """What a command printed."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass
class Operator:
    """Settings, and the passwords of the product's own users in files, as container secrets are."""

    folder: Path
    settings: dict[str, str]
    passwords: dict[str, str] = field(default_factory=dict)

    def write_passwords(self) -> None:
        """Make up a password for each service and for the operator himself."""
        secrets = self.folder / "secrets"
        secrets.mkdir(parents=True)
        for name in ("admin", *SERVICES):
            self.passwords[f"dossier-{name}"] = f"only-for-{name}-in-this-test"
            (secrets / f"kafka-{name}-password").write_text(f"only-for-{name}-in-this-test\n")
        self.settings[f"{PREFIX}KAFKA_SERVICE_PASSWORDS"] = str(secrets)

    def logged_in_as(self, user: str, password: str) -> Operator:
        """The same installation by another Kafka user."""
        settings = {
            **self.settings,
            f"{PREFIX}KAFKA_USERNAME": user,
            f"{PREFIX}KAFKA_PASSWORD": password,
        }
        return Operator(self.folder, settings, self.passwords)

    def run(self, *arguments: str, **more: str) -> Said:
        """Run a command to its end, whatever comes of it; in this process, whose libraries are loaded already."""
        out, err = io.StringIO(), io.StringIO()
        begun = time.monotonic()
        environment = patch.dict(os.environ, self.environment(more), clear=True)
        with environment, redirect_stdout(out), redirect_stderr(err):
            code = main(list(arguments))
        return Said(code, out.getvalue(), err.getvalue(), time.monotonic() - begun)

    def run_alone(self, *arguments: str) -> Said:
        """Run it as a process of its own, as a person does at a terminal."""
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "deploy.cli", *arguments],
            cwd=ROOT,
            env=self.environment({}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Said(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """The machine's environment without its own settings of Dossier, and those of this installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return {**kept, **self.settings, **more}

    def do(self, *arguments: str, **more: str) -> Said:
        """Run a command that has to succeed."""
        said = self.run(*arguments, **more)
        assert said.code == 0, f"dossier {' '.join(arguments)}: {said.err or said.out}"
        return said

    def partner(self, *arguments: str) -> Papers:
        """Make a partner, and take its papers."""
        said = self.do("create-partner", *arguments, "--json")
        return Papers(json.loads(said.out), said.err.splitlines(), said.seconds)


@dataclass(frozen=True)
class Papers:
    """What a partner was handed."""

    data: Mapping[str, Any]
    done: list[str]
    seconds: float

    @property
    def user(self) -> str:
        return str(self.data["kafka"]["username"])

    @property
    def password(self) -> str:
        return str(self.data["kafka"]["password"])

    @property
    def writes(self) -> list[str]:
        return list(self.data["kafka"]["writes"])

    @property
    def receipts(self) -> str:
        return str(self.data["kafka"]["reads"])
