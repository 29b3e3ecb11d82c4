"""`dossier run` as a user starts it: what it refuses, and the five services on a machine of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.preflight import lock_folder, prepare_folder
from shared.settings import PREFIX
from tests.integration.deploy.stacks import PATIENCE, ROOT, alive, descendants, eventually, free_port

PORTS = ("PORT", "POLICY_PORT", "CLAIMS_PORT", "DOCUMENTS_PORT", "NOTIFICATIONS_PORT", "KAFKA_PORT")
START_SECONDS = 60.0


def environment(folder: Path, **more: str) -> dict[str, str]:
    ports = {f"{PREFIX}{name}": str(free_port()) for name in PORTS}
    return {**os.environ, **ports, f"{PREFIX}DATA_DIR": str(folder), **more}


def dossier(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal."""
    assert done.returncode not in {0, None}, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.strip()


def test_a_port_in_use_is_refused_naming_port_and_setting(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", int(env["DOSSIER_CLAIMS_PORT"])))
        listener.listen()
        sentence = refused(dossier("run", "--no-demo", env=env))
    assert sentence == (
        f"Port {env['DOSSIER_CLAIMS_PORT']} (claims) is already in use;"
        " stop the program that uses it, or choose another port with DOSSIER_CLAIMS_PORT."
    )


def test_a_data_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    sentence = refused(dossier("run", env=environment(tmp_path / "file")))
    assert "cannot be written to" in sentence
    assert "DOSSIER_DATA_DIR" in sentence


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    lock = lock_folder(tmp_path)
    try:
        sentence = refused(dossier("run", env=environment(tmp_path)))
    finally:
        os.close(lock)
    assert sentence.startswith(f"Dossier already runs on {tmp_path} (process {os.getpid()})")


@pytest.mark.parametrize(
    ("variable", "value"), [("DOSSIER_PORT", "eighty"), ("DOSSIER_CLAIMS_HISTORY_LIMIT", "many")]
)
def test_a_mistake_in_the_settings_is_refused_naming_the_setting(
    tmp_path: Path, variable: str, value: str
) -> None:
    sentence = refused(dossier("run", env=environment(tmp_path, **{variable: value})))
    assert sentence.startswith(f"{variable} is not valid")


def test_there_is_no_status_without_a_stack(tmp_path: Path) -> None:
    assert refused(dossier("status", env=environment(tmp_path))) == f"No stack is running on {tmp_path}."


@contextmanager
def started(env: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "run", "--no-demo"],
            cwd=ROOT,
            env=env,
            stdout=target,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        eventually(
            lambda: b"Dossier is ready" in output.read_bytes() or process.poll() is not None,
            within=START_SECONDS,
            what="a stack that is ready",
        )
        assert process.poll() is None, output.read_text(encoding="utf-8")
        yield process
    finally:
        left = descendants(process.pid)
        process.kill()
        process.wait()
        for pid in filter(alive, left):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_the_five_services_start_say_how_they_are_and_end_without_trace(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    output = tmp_path / "output.txt"
    with started(env, output) as process:
        status = json.loads(dossier("status", "--json", env=env).stdout)
        assert status["pid"] == process.pid
        assert sorted(status["services"]) == ["claims", "documents", "gateway", "notifications", "policy"]
        assert all(one["ready"] and one["restarts"] == 0 for one in status["services"].values())
        assert dossier("status", env=env).stdout.count("ready") == len(status["services"])
        assert "DOSSIER" not in output.read_text(encoding="utf-8")
        everyone = descendants(process.pid)

        second = refused(dossier("run", env=env))
        assert f"(process {process.pid})" in second

        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
        assert [pid for pid in everyone if alive(pid)] == []
        assert "killed" not in output.read_text(encoding="utf-8")
