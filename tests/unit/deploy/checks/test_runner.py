import sys

import pytest

from deploy.checks import __main__ as runner


def test_every_check_runs_and_those_that_fail_are_named_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    failed = runner.run_checks(
        {
            "good": (sys.executable, "-c", "print('quiet')"),
            "bad": (sys.executable, "-c", "print('because'); exit(3)"),
            "absent": ("no-such-program",),
        }
    )
    said = capsys.readouterr().out
    assert failed == ["bad", "absent"]
    assert "because" in said
    assert "no-such-program" in said
    assert "quiet" not in said


@pytest.mark.parametrize(
    ("failed", "status", "expected"), [([], 0, 0), (["lint"], 0, 1), ([], 2, 2), (["lint"], 2, 2)]
)
def test_the_exit_code_is_that_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, failed: list[str], status: int, expected: int
) -> None:
    monkeypatch.setattr(runner, "run_checks", lambda _checks: failed)
    monkeypatch.setattr(runner, "run_tests", lambda: status)
    assert runner.main(["--tests"]) == expected
