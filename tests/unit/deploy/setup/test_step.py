import sys
from pathlib import Path

import pytest

from deploy.setup import step
from deploy.setup.step import SetupFailed, digest, is_done, mark_done, run


@pytest.fixture(autouse=True)
def _logs_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "ROOT", tmp_path)
    monkeypatch.setattr(step, "CACHE", tmp_path / "cache")


def failure_of(program: str) -> str:
    with pytest.raises(SetupFailed) as failure:
        run("Python packages", [sys.executable, "-c", program])
    return str(failure.value)


def test_a_step_is_done_once_its_stamp_has_its_key(tmp_path: Path) -> None:
    stamp = tmp_path / "stamps" / "runtime"
    assert not is_done(stamp, "key")
    mark_done(stamp, "key")
    assert is_done(stamp, "key")


def test_a_step_with_other_inputs_is_not_done(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1")
    before = digest([lock])
    lock.write_text("a==2")
    assert digest([lock]) != before


def test_the_key_tells_apart_how_the_same_bytes_are_divided() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])


def test_a_command_that_succeeds_says_how_long_it_took(capfd: pytest.CaptureFixture[str]) -> None:
    run("Python packages", [sys.executable, "-c", "print('noise')"])
    said = capfd.readouterr()
    assert "Python packages: done in" in said.err
    assert "noise" not in said.out + said.err


def test_a_long_command_gives_signs_of_life(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(step, "HEARTBEAT_SECONDS", 0.05)
    run("Python packages", [sys.executable, "-c", "import threading; threading.Event().wait(0.3)"])
    assert capfd.readouterr().err.count("Python packages ...") > 2


def test_a_failure_names_the_complaint_and_the_log(tmp_path: Path) -> None:
    sentence = failure_of("print('x'); print('ERROR: hashes do not match'); print('hint'); exit(1)")
    assert "ERROR: hashes do not match" in sentence
    assert (tmp_path / "cache" / "python-packages.log").read_text().endswith("hint\n")


@pytest.mark.parametrize(
    "noise",
    [
        "npm error code ENOTFOUND",
        "NewConnectionError: Temporary failure in name resolution",
        "error sending request for url",
        "invalid peer certificate: UnknownIssuer",
    ],
)
def test_a_missing_network_is_called_that(noise: str) -> None:
    assert "cannot be reached" in failure_of(f"print({noise!r}); exit(1)")


def test_a_full_disk_is_called_that() -> None:
    assert "disk is full" in failure_of("print('OSError: No space left on device'); exit(1)")


def test_a_folder_that_may_not_be_written_is_called_that() -> None:
    assert "may not be written" in failure_of("print('npm error EACCES: permission denied'); exit(1)")


def test_a_program_that_does_not_exist_is_a_plain_failure() -> None:
    with pytest.raises(SetupFailed, match="Browser packages: no-such-npm cannot be started"):
        run("Browser packages", ["no-such-npm", "ci"])
