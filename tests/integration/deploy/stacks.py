"""A real supervisor over stand-ins for services, and looking at what it does from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from deploy.local.broker import broker_command, find_broker
from deploy.local.plan import BrokerPlan, ProcessPlan, ServicePlan, StackPlan, TaskPlan, Timings

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[3]
DUMMY = Path(__file__).with_name("dummy_service.py")
DUMMY_MODULE = "tests.integration.deploy.dummy_service"
PATIENCE = 20.0
QUICK = Timings(ready=30.0, poll=0.03, watch=0.2, answer=0.5, misses=2, stable=5.0, graceful=1.0)


def eventually(condition: Callable[[], T], within: float = PATIENCE, what: str = "") -> T:
    """Wait until `condition` gives something true, and give that."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or condition}")
        time.sleep(0.02)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def descendants(pid: int) -> list[int]:
    """All processes below one, however deep."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in table.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def dummy(name: str, *orders: str, template: bool = False) -> ServicePlan:
    port = free_port()
    arguments = (str(port), *orders)
    process = (
        ProcessPlan(name, DUMMY_MODULE, arguments)
        if template
        else ProcessPlan(name, "", command=(sys.executable, str(DUMMY), *arguments))
    )
    return ServicePlan(process, "127.0.0.1", port, f"DOSSIER_{name.upper()}_PORT")


def script(name: str, code: str, **more: Any) -> TaskPlan:
    return TaskPlan(ProcessPlan(name, "", command=(sys.executable, "-c", code)), name, **more)


def plan_of(folder: Path, *services: ServicePlan, broker: bool = False, **more: Any) -> StackPlan:
    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    embedded = BrokerPlan(
        command=broker_command(find_broker(folder)),
        port=free_port(),
        setting="DOSSIER_KAFKA_PORT",
        topics=(("claims.events.v1", 4), ("partners.garage-lyon.repair-updates.v1", 4)),
        partners_file=str(folder / "partners.json"),
    )
    more.setdefault("timings", QUICK)
    return StackPlan(
        str(folder), services, broker=embedded if broker else None, url="http://127.0.0.1:1", **more
    )


class RunningStack:
    """A supervisor process under test."""

    def __init__(self, plan: StackPlan) -> None:
        self.plan = plan
        self.output = Path(plan.data_dir) / "output.txt"
        file = plan.run_dir / "plan.json"
        file.write_text(plan.to_json(), encoding="utf-8")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local", str(file)],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.plan.run_dir / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"services": {}, "broker": None}
        return found

    def pid_of(self, service: str) -> int:
        return int(self.state()["services"].get(service, {}).get("pid") or 0)

    def is_ready(self, service: str) -> bool:
        return bool(self.state()["services"].get(service, {}).get("ready"))

    def wait_until_says(self, text: str) -> None:
        eventually(
            lambda: text in self.text or self.process.poll() is not None, what=f"{text!r} in {self.text}"
        )
        assert text in self.text, self.text

    def wait_until_up(self) -> None:
        self.wait_until_says("Dossier is ready")

    def wait_for_successor(self, service: str, of: int) -> int:
        """Wait for a ready process of the service that is not the one named."""
        return eventually(
            lambda: self.is_ready(service) and self.pid_of(service) != of and self.pid_of(service),
            what=f"a new {service}: {self.text}",
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal to the supervisor and wait for its end; gives the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE)
        return time.monotonic() - begun


@contextmanager
def running(plan: StackPlan) -> Iterator[RunningStack]:
    stack = RunningStack(plan)
    try:
        yield stack
    finally:
        left = descendants(stack.process.pid)
        stack.process.kill()
        stack.process.wait()
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def environment_of(service: ServicePlan) -> dict[str, str]:
    """The environment of a stand-in, as soon as it answers: a busy machine lets a request take its second."""
    return eventually(lambda: get(service, "/environment"), what=f"an answer of {service.process.name}")


def get(service: ServicePlan, path: str) -> Any:
    """GET a path of a stand-in; None when it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{service.port}{path}", timeout=1) as answer:
            return json.loads(answer.read())
    except (OSError, urllib.error.URLError):
        return None
