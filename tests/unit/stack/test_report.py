from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.stack import __main__ as stack
from tests.stack.engines import RealEngines, Unavailable, programs


def _no_kafka(_folder: Path) -> AbstractContextManager[RealEngines]:
    reason = "mvn is missing: install it (Debian: maven)."
    raise Unavailable(reason)


def test_it_says_that_nothing_was_tested_and_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "running", _no_kafka)
    assert stack.main([], {}) == 0
    assert "NOTHING was tested on real engines. mvn is missing" in capsys.readouterr().out


def test_it_fails_when_the_real_engines_are_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stack, "running", _no_kafka)
    assert stack.main([], {"STACK_REQUIRED": "1"}) == 1
    assert "this is a failure" in capsys.readouterr().out


def test_a_program_that_nobody_can_install_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_find", lambda _name: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(
        Unavailable, match=r"^java is missing: install it \(Debian: default-jre-headless\)\.$"
    ):
        programs.program("java")


def test_an_engine_that_dies_while_starting_is_told(tmp_path: Path) -> None:
    process = programs.start(["false"], tmp_path / "log")
    with pytest.raises(Unavailable, match="ended with code 1"):
        programs.until(lambda: False, process, "The engine", 20)
