from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import preflight
from deploy.local.preflight import CannotRun, Listener, check_ports, is_locked, lock_folder, prepare_folder


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_data_folder_is_made_with_all_its_parents(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "logs").is_dir()
    assert (tmp_path / "a" / "b" / "run").is_dir()


def test_a_data_folder_that_is_a_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CannotRun) as refusal:
        prepare_folder(file / "data")
    assert str(refusal.value) == (
        f"The data folder {file / 'data'} cannot be written to (Not a directory);"
        " make it writable, or choose another one with DOSSIER_DATA_DIR."
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_without_permission_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    prepare_folder(folder)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(CannotRun, match="Permission denied"):
        prepare_folder(folder)


def test_a_data_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    lock = lock_folder(tmp_path)
    assert os.get_inheritable(lock)
    assert is_locked(tmp_path)
    with pytest.raises(CannotRun) as refusal:
        lock_folder(tmp_path)
    assert str(refusal.value) == (
        f"Dossier already runs on {tmp_path} (process {os.getpid()});"
        " stop that one, or choose another folder with DOSSIER_DATA_DIR."
    )
    os.close(lock)
    assert not is_locked(tmp_path)
    os.close(lock_folder(tmp_path))
    assert not is_locked(tmp_path / "elsewhere")


def test_a_lock_file_that_was_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    (tmp_path / "run" / "lock").write_text("4711\n")
    os.close(lock_folder(tmp_path))


def test_a_lock_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    prepare_folder(tmp_path)
    (tmp_path / "run" / "lock").mkdir()
    with pytest.raises(CannotRun, match="Is a directory"):
        lock_folder(tmp_path)


def test_a_port_in_use_is_named_with_the_setting_that_moves_it(taken: int) -> None:
    with pytest.raises(CannotRun) as refusal:
        check_ports([Listener("claims", "127.0.0.1", taken, "DOSSIER_CLAIMS_PORT")], patience=0)
    assert str(refusal.value) == (
        f"Port {taken} (claims) is already in use;"
        " stop the program that uses it, or choose another port with DOSSIER_CLAIMS_PORT."
    )


def test_a_port_that_is_closing_is_waited_for(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([OSError(98, "in use"), None])
    monkeypatch.setattr(preflight, "_try_to_listen", lambda _host, _port: next(looks))
    check_ports([Listener("claims", "127.0.0.1", taken, "DOSSIER_CLAIMS_PORT")], patience=5)


def test_an_address_that_this_machine_does_not_have_is_told() -> None:
    with pytest.raises(CannotRun, match=r"on 192\.0\.2\.1 \(claims\) cannot be opened"):
        check_ports([Listener("claims", "192.0.2.1", 18001, "DOSSIER_CLAIMS_PORT")], patience=0)


def test_two_settings_with_one_port_are_told(taken: int) -> None:
    with pytest.raises(CannotRun, match=f"DOSSIER_PORT and DOSSIER_CLAIMS_PORT are both {taken}"):
        check_ports(
            [
                Listener("gateway", "127.0.0.1", taken, "DOSSIER_PORT"),
                Listener("claims", "127.0.0.1", taken, "DOSSIER_CLAIMS_PORT"),
            ]
        )
