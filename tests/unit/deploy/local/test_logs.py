from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.local import logs
from deploy.local.logs import LogWatch, describe, last_words, rotate, tail

Line = tuple[str, str, str]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def record(event: str, level: str = "error", **more: object) -> str:
    return json.dumps({"event": event, "level": level, **more}) + "\n"


def watch(path: Path) -> tuple[LogWatch, list[Line], Clock]:
    shown: list[Line] = []
    clock = Clock()
    found = LogWatch(lambda *line: shown.append(line), clock)
    found.follow(path)
    return found, shown, clock


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_rotation_keeps_the_last_three_runs(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    for run in range(6):
        log.write_text(f"run {run}")
        rotate(log)
    assert not log.exists()
    assert [(tmp_path / f"claims.log.{n}").read_text() for n in (1, 2, 3)] == ["run 5", "run 4", "run 3"]
    assert len(list(tmp_path.iterdir())) == 3


def test_an_empty_log_pushes_no_older_one_out(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    log.touch()
    rotate(log)
    rotate(tmp_path / "missing.log")
    assert [file.name for file in tmp_path.iterdir()] == ["claims.log"]


def test_the_tail_has_the_last_lines_without_colours(tmp_path: Path) -> None:
    log = tmp_path / "broker.log"
    log.write_text("one\n\n\x1b[31mtwo\x1b[0m\nthree\n")
    assert tail(log, 2) == ["two", "three"]
    assert tail(tmp_path / "missing.log") == []


def test_last_words_are_the_message_of_a_traceback_or_the_last_complaint(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    log.write_text(record("a.b", "warning") + "Traceback (most recent call last):\n  x\nImportError: no y\n")
    assert last_words(log) == "ImportError: no y"
    log.write_text(record("claims.failed", reason="z") + record("service.stopped", "info"))
    assert last_words(log) == "claims.failed reason=z"
    log.write_text(record("service.stopped", "info"))
    assert last_words(log) == ""


def test_a_record_is_described_by_its_event_its_keys_and_the_type_of_its_exception() -> None:
    line = describe(
        {
            "event": "relay.failed",
            "level": "error",
            "timestamp": "t",
            "topic": "a.v1",
            "deep": {},
            "exception": "KafkaError\n x",
        }
    )
    assert line == "relay.failed topic=a.v1 KafkaError"
    assert len(describe({"event": "x" * 1000})) == logs.LONGEST_LINE


def test_only_new_warnings_and_errors_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    log.write_text(record("old"))
    watcher, shown, _ = watch(log)
    append(
        log,
        record("fine", "info")
        + record("odd", "warning", id="1")
        + "no json {\n{broken\n[1]\n"
        + record("bad"),
    )
    watcher.look()
    watcher.look()
    assert shown == [("claims", "warning", "odd id=1"), ("claims", "error", "bad")]


def test_half_a_line_waits_for_its_other_half(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    watcher, shown, _ = watch(log)
    line = record("bad")
    append(log, line[:10])
    watcher.look()
    assert shown == []
    append(log, line[10:])
    watcher.look()
    assert shown == [("claims", "error", "bad")]


def test_the_same_complaint_is_shown_once_in_a_while_with_a_count(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    watcher, shown, clock = watch(log)
    for _ in range(5):
        append(log, record("bad"))
    append(log, record("worse"))
    watcher.look()
    clock.now = logs.QUIET_SECONDS
    append(log, record("bad"))
    watcher.look()
    assert [text for _, _, text in shown] == ["bad", "worse", "bad (and 4 like it)"]


def test_a_log_that_grows_too_large_is_rotated_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST_LOG", 200)
    log = tmp_path / "claims.log"
    watcher, shown, _ = watch(log)
    with log.open("a", encoding="utf-8") as writer:
        writer.write(record("fine", "info", text="x" * 300))
        writer.flush()
        watcher.look()
        assert log.stat().st_size == 0
        assert "fine" in (tmp_path / "claims.log.1").read_text()
        writer.write(record("bad"))
        writer.flush()
        watcher.look()
    assert [text for _, _, text in shown] == ["bad"]
    assert log.read_text() == record("bad")


def test_a_flood_is_skipped_rather_than_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST_STEP", 100)
    log = tmp_path / "claims.log"
    watcher, shown, _ = watch(log)
    append(log, record("lost") + "x" * 500 + "\n" + record("bad"))
    watcher.look()
    assert [text for _, _, text in shown] == ["bad"]
    append(log, "y" * 500)
    watcher.look()
    append(log, "\n" + record("late"))
    watcher.look()
    assert [text for _, _, text in shown] == ["bad", "late"]


def test_a_log_that_somebody_emptied_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    log.write_text("x" * 1000)
    watcher, shown, _ = watch(log)
    log.write_text("")
    watcher.look()
    append(log, record("bad"))
    watcher.look()
    assert [text for _, _, text in shown] == ["bad"]


def test_what_is_said_during_a_pause_is_not_shown_once_the_log_is_followed_again(tmp_path: Path) -> None:
    log = tmp_path / "claims.log"
    watcher, shown, _ = watch(log)
    watcher.paused = True
    append(log, record("broker gone"))
    watcher.look()
    watcher.follow(log)
    watcher.paused = False
    append(log, record("bad"))
    watcher.look()
    assert [text for _, _, text in shown] == ["bad"]


def test_a_log_that_is_not_there_yet_is_no_failure(tmp_path: Path) -> None:
    watcher, shown, _ = watch(tmp_path / "claims.log")
    watcher.look()
    append(tmp_path / "claims.log", record("bad"))
    watcher.look()
    assert len(shown) == 1
