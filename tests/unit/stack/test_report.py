import pytest

from tests.stack import __main__ as stack


@pytest.fixture(autouse=True)
def _machine_without_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "program_exists", lambda name: name == "java")


def test_it_says_that_nothing_was_tested(capsys: pytest.CaptureFixture[str]) -> None:
    assert stack.main({}) == 0
    said = capsys.readouterr().out
    assert "NOTHING was tested" in said
    assert "lacks mvn" in said


def test_it_fails_when_the_real_engines_are_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert stack.main({"STACK_REQUIRED": "1"}) == 1
    assert "this is a failure" in capsys.readouterr().out


def test_an_engine_named_by_the_settings_is_told() -> None:
    assert "named by DOSSIER_S3_ENDPOINT" in stack.report({"DOSSIER_S3_ENDPOINT": "http://127.0.0.1:7070"})[2]
