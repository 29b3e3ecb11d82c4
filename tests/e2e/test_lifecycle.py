"""Starting, stopping and dying, as the person at the terminal sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest

from shared.settings import SERVICES
from tests.fixtures.desk import desk_of
from tests.fixtures.partners import partner, partner_line
from tests.fixtures.stack import ROOT, Stack, alive
from tests.fixtures.waiting import eventually, soon

CTRL_C_SECONDS = 5.0
"""interface.md: Ctrl-C stops all of it within five seconds."""

pytestmark = pytest.mark.slow


def _dossier(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=ROOT,
        env=stack.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_second_start_keeps_what_was_there_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    first = stack.start()
    try:
        console = stack.console()
        assert stack.url in console
        assert all(user["email"] in console for user in stack.demo["users"])
        garage = partner(stack, "garage-lyon")
        number, note = garage.claim_numbers[0], uuid.uuid4().hex
        async with desk_of(stack, "broker.fr") as desk, partner_line(stack) as line:
            phase = (await desk.claim(number))["repair"]["phase"]
            message = garage.message("repair-updates", {"claim_number": number, "phase": phase, "note": note})
            await line.push(message)
            assert (await line.answer(message.id))["outcome"] == "accepted"

            async def arrived() -> bool:
                return bool((await desk.claim(number))["repair"]["note"] == note)

            await soon(arrived)
        async with httpx.AsyncClient() as http:
            for service in SERVICES:
                for path in ("/health/live", "/health/ready", "/metrics"):
                    assert (await http.get(stack.url_of(service) + path)).status_code == 200
        stopped = stack.stop()
        assert stopped < CTRL_C_SECONDS
        assert "Traceback" not in stack.console()
        assert not stack.trouble()

        second = stack.start()
        async with desk_of(stack, "broker.fr") as desk:
            assert (await desk.claim(number))["repair"]["note"] == note
        again = stack.stop(hurried=True)
        assert again < CTRL_C_SECONDS
        print(f"\nstart {first:.1f} s, again {second:.1f} s; Ctrl-C {stopped:.1f} s, twice {again:.1f} s")
        assert second < first
    finally:
        stack.destroy()


def test_a_second_stack_on_the_same_folder_or_ports_is_refused_in_one_sentence(
    doomed_stack: Stack, tmp_path: Path
) -> None:
    same = _dossier(doomed_stack, "run")
    assert same.returncode != 0
    assert "already runs" in same.stderr
    other = Stack(tmp_path)
    other.ports = doomed_stack.ports
    taken = _dossier(other, "run")
    assert taken.returncode != 0
    assert "already in use" in taken.stderr
    for refusal in (same, taken):
        assert "Traceback" not in refusal.stderr
        assert len(refusal.stderr.strip().splitlines()) == 1
    status = _dossier(doomed_stack, "status")
    assert status.returncode == 0
    assert status.stdout.count("ready") == len(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back_by_itself(service: str, doomed_stack: Stack) -> None:
    victim = doomed_stack.kill(service)
    doomed_stack.wait_for_successor(service, victim)
    assert httpx.get(doomed_stack.url_of(service) + "/health/ready").status_code == 200
    assert service in doomed_stack.console().rpartition("SIGKILL")[0].rpartition("\n")[2]


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"DOSSIER_DEMO": "false"})
    stack.start()
    pids = stack.pids()
    try:
        os.kill(pids[0], signal.SIGKILL)
        eventually(lambda: not [pid for pid in pids[1:] if alive(pid)], what="the end of all children")
    finally:
        stack.destroy()
        for pid in pids:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
