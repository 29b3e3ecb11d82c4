import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.setup import prepare
from deploy.setup.prepare import main
from deploy.setup.step import ROOT, SetupFailed


@pytest.fixture(autouse=True)
def _cache_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "CACHE", tmp_path / "cache")


def steps(monkeypatch: pytest.MonkeyPatch, *failures: BaseException) -> None:
    def step() -> None:
        for failure in failures:
            raise failure

    monkeypatch.setitem(prepare.STEPS, "run", (step,))


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as end:
        runpy.run_module("deploy.setup", run_name="__main__")
    said = capsys.readouterr().err
    assert end.value.code == 1
    assert said.startswith("Dossier needs Python 3.11 or newer, and this is Python 3.9")
    assert said.count("\n") == 1


def test_what_an_old_python_reads_has_no_newer_syntax() -> None:
    main_file = ROOT / "deploy" / "setup" / "__main__.py"
    compile(main_file.read_text(), str(main_file), "exec", dont_inherit=True)
    assert 'f"' not in main_file.read_text()


def test_a_failed_step_is_one_sentence_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps(monkeypatch, SetupFailed("The index cannot be reached."))
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "The index cannot be reached.\n"


def test_an_error_of_the_disk_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps(monkeypatch, PermissionError(13, "Permission denied", "/srv/dossier/.venv"))
    assert main(["run"]) == 1
    assert capsys.readouterr().err == "Set-up failed: Permission denied: /srv/dossier/.venv.\n"


def test_ctrl_c_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    steps(monkeypatch, KeyboardInterrupt())
    assert main(["run"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_folder_that_may_not_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(prepare, "CACHE", tmp_path / "file" / "cache")
    assert main(["run"]) == 1
    assert "may not be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["run"], "exec .venv/bin/dossier run --demo"),
        (["run", "DEMO=0"], "exec .venv/bin/dossier run --no-demo"),
        (["simulate", "RATE=7"], "exec .venv/bin/dossier simulate --rate 7"),
    ],
)
def test_make_hands_its_variables_to_the_command(arguments: list[str], command: str) -> None:
    env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    said = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip().endswith(command)
