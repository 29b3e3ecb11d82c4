"""Where the kernel does not end children with their parent, they do it themselves."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.integration.deploy.stacks import ROOT, alive, eventually

SLEEPER = "import time; print(__import__('os').getpid(), flush=True); time.sleep(600)"
WATCHER = f"""
import os
from deploy.local import lifeline
lifeline.KERNEL_DOES_IT = False
os.environ[lifeline.PARENT_VARIABLE] = str(os.getppid())
lifeline.watch_parent()
{SLEEPER}
"""


def parent_of(*command: str) -> tuple[subprocess.Popen[str], int]:
    """Start a parent that starts the command; gives the parent and the id that the command's program printed."""
    code = f"import subprocess; subprocess.Popen({list(command)!r}).wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            ("-m", "deploy.local.lifeline", sys.executable, "-c", SLEEPER), id="a program that is not ours"
        ),
        pytest.param(("-c", WATCHER), id="a service"),
    ],
)
def test_a_process_ends_when_its_parent_is_killed(command: tuple[str, ...]) -> None:
    parent, pid = parent_of(sys.executable, *command)
    with parent:
        assert alive(pid)
        parent.kill()
        eventually(lambda: not alive(pid), within=5, what="the end of the orphan")


def test_a_program_on_a_lifeline_gets_the_signals_and_gives_its_exit_code() -> None:
    code = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print(1, flush=True); signal.pause()"
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.local.lifeline", sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as line:
        assert line.stdout is not None
        assert line.stdout.readline() == "1\n"
        line.send_signal(signal.SIGTERM)
        assert line.wait(5) == 7
