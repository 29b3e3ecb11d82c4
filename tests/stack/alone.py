"""A service by itself, as a container runs it: no supervisor that would start it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.settings import PREFIX
from tests.fixtures.children import dies_with_us
from tests.fixtures.stack import ROOT, free_ports
from tests.fixtures.waiting import eventually

SECONDS = 90.0
STOP_SECONDS = 15.0


@dataclass
class Alone:
    """A running process of one service."""

    service: str
    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def answer(self, path: str) -> httpx.Response | None:
        """What it says, or None while it does not listen."""
        try:
            return httpx.get(self.url + path, timeout=15)
        except httpx.TransportError:
            return None

    def wait_until_live(self) -> None:
        """Wait until it answers at all."""
        eventually(lambda: self.answer("/health/live"), SECONDS, f"{self.service} live")

    def complaints(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        answer = self.answer("/health/ready")
        if answer is None:
            return ["does not answer"]
        return list(answer.json()["not_ready"]) if answer.status_code != 200 else []

    def wait_for_complaint(self, setting: str) -> str:
        """Wait until it names this as the cause of its not being ready."""

        def told() -> str:
            return next((one for one in self.complaints() if setting in one), "")

        return eventually(told, SECONDS, f"{self.service} names {setting}: {self.complaints()}")

    def wait_until_ready(self) -> None:
        """Wait until it has recovered, which it has to do itself: the process is still the first one."""
        eventually(lambda: not self.complaints(), SECONDS, f"{self.service} ready: {self.complaints()}")
        assert self.process.poll() is None

    def events(self, name: str) -> list[dict[str, Any]]:
        """Lines of its log that tell of this."""
        lines = [one for one in self.log.read_text("utf-8").splitlines() if one.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]


@contextmanager
def alone(service: str, folder: Path, settings: Mapping[str, str]) -> Iterator[Alone]:
    """Start it with these settings; at the end it stops when asked to."""
    (port,) = free_ports(1)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    name = f"{PREFIX}PORT" if service == "gateway" else f"{PREFIX}{service.upper()}_PORT"
    environment = {**kept, f"{PREFIX}LOG_FORMAT": "json", **settings, name: str(port)}
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{service}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.serve", service],
            preexec_fn=dies_with_us(),  # noqa: PLW1509 - one system call, no lock
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Alone(service, f"http://127.0.0.1:{port}", log, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_SECONDS) in {0, -signal.SIGTERM}, "it did not end in order"
    finally:
        process.kill()
        process.wait()
