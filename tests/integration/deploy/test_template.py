"""What a copied process may rely on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.deploy.stacks import ROOT, dummy, environment_of, plan_of, running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are Linux's")

LOADED_AND_INNOCENT = """
import threading, asyncio, sys, os
files = set(os.listdir('/proc/self/fd'))
import deploy.local.preload
assert threading.active_count() == 1, threading.enumerate()
assert asyncio._get_running_loop() is None
assert set(os.listdir('/proc/self/fd')) == files, 'a file stays open'
missing = [name for name in deploy.local.preload.MODULES if name not in sys.modules]
assert not missing, missing
"""

TWO_COPIES = """
import os, sys
import deploy.local.preload
from shared.identifiers import new_id
for _ in range(2):
    if os.fork() == 0:
        drawn = (new_id(), os.urandom(8).hex(), __import__('random').random())
        os.write(1, (' '.join(map(str, drawn)) + chr(10)).encode())  # whole: both write to one pipe
        os._exit(0)
os.wait(), os.wait()
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_loading_the_libraries_starts_no_thread_and_keeps_no_file_open() -> None:
    done = python(LOADED_AND_INNOCENT)
    assert done.returncode == 0, done.stderr


def test_copies_draw_their_own_identifiers_and_random_numbers() -> None:
    first, second = (line.split() for line in python(TWO_COPIES).stdout.splitlines())
    assert all(mine != others for mine, others in zip(first, second, strict=True))


def test_a_copy_gets_the_environment_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOSSIER_FROM_OUTSIDE", "seen")
    plan = plan_of(tmp_path, dummy("claims", template=True), broker=True, preload=("json",))
    with running(plan) as stack:
        stack.wait_until_up()
        seen = environment_of(plan.services[0])
        assert seen["DOSSIER_FROM_OUTSIDE"] == "seen"
        assert seen["DOSSIER_BROKER_EPOCH"] == stack.state()["broker"]["epoch"]


def test_a_module_that_cannot_be_loaded_ahead_is_no_obstacle(tmp_path: Path) -> None:
    with running(plan_of(tmp_path, dummy("claims", template=True), preload=("no_such_module",))) as stack:
        stack.wait_until_up()


def test_what_ends_a_copy_is_written_to_its_own_log(tmp_path: Path) -> None:
    service = dummy("claims", template=True)
    broken = plan_of(
        tmp_path,
        type(service)(
            type(service.process)("claims", "tests.integration.deploy.no_such_module"),
            service.host,
            service.port,
            service.setting,
        ),
        preload=("json",),
    )
    with running(broken) as stack:
        stack.process.wait(20)
        assert stack.process.returncode == 1
        assert "claims ended 3 times" in stack.text
        assert "ended (exit code 1), starting it again: ImportError: No module named" in stack.text
