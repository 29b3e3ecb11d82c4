import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from shared.observability import configure_logging
from shared.observability.logs import describe_exception
from shared.observability.tracing import (
    bind_traceparent,
    current_correlation_id,
    current_traceparent,
    is_traceparent,
    traced,
)
from shared.settings import Settings

GIVEN = f"00-{'ab' * 16}-{'cd' * 8}-01"


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Give what was written to standard output so far, and put the loggers back afterwards."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level, disabled = root.handlers[:], root.level, access.disabled
    yield lambda: capsys.readouterr().out
    root.handlers[:] = handlers
    root.setLevel(level)
    access.disabled = disabled
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def written(output: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in output.splitlines()]


def fail_on_what_was_typed() -> None:
    try:
        int("canary-0501234567")
    except ValueError as error:
        raise RuntimeError("canary-plate") from error


def test_our_lines_and_those_of_libraries_have_one_form(lines: Callable[[], str]) -> None:
    configure_logging("claims", Settings(log_format="json"))
    bind_traceparent(GIVEN)
    structlog.get_logger("x").info("claim.repair_recorded", claim_id="c-1")
    logging.getLogger("some.library").warning("something %s", "odd")
    ours, theirs = written(lines())
    assert (ours["event"], ours["claim_id"], ours["level"]) == ("claim.repair_recorded", "c-1", "info")
    assert theirs["event"] == "something odd"
    for line in (ours, theirs):
        assert line["service"] == "claims"
        assert line["correlation_id"] == "ab" * 16
        assert line["timestamp"].endswith("Z")


def test_an_exception_is_named_and_placed_but_its_words_are_left_out(lines: Callable[[], str]) -> None:
    configure_logging("claims", Settings(log_format="json"))
    try:
        fail_on_what_was_typed()
    except RuntimeError:
        structlog.get_logger("x").exception("claim.failed")
        logging.getLogger("some.library").exception("it failed")
    output = lines()
    assert "canary" not in output
    assert len(written(output)) == 2
    for line in written(output):
        assert "builtins.RuntimeError" in line["exception"]
        assert "builtins.ValueError" in line["exception"]
        assert "fail_on_what_was_typed" in line["exception"]


def test_at_level_debug_the_words_of_an_exception_are_written(lines: Callable[[], str]) -> None:
    configure_logging("claims", Settings(log_format="json", log_level="DEBUG"))
    try:
        fail_on_what_was_typed()
    except RuntimeError as error:
        structlog.get_logger("x").error("claim.failed", exc_info=error)
    assert "canary-plate" in lines()


def test_the_console_form_is_for_people(lines: Callable[[], str]) -> None:
    configure_logging("claims", Settings(log_format="console"))
    structlog.get_logger("x").info("claim.repair_recorded", claim_id="c-1")
    output = lines()
    assert "claim.repair_recorded" in output
    assert "claim_id=c-1" in output


def test_lines_below_the_level_are_left_out(lines: Callable[[], str]) -> None:
    configure_logging("claims", Settings(log_format="json", log_level="WARNING"))
    structlog.get_logger("x").info("quiet")
    logging.getLogger("uvicorn.access").warning("GET /claims/AB-123-CD")
    assert lines() == ""


def test_an_exception_that_causes_itself_ends() -> None:
    error = ValueError("x")
    error.__cause__ = error
    assert describe_exception(error).count("ValueError") == 1


def test_a_trace_goes_on_with_a_span_of_its_own() -> None:
    bound = bind_traceparent(GIVEN)
    assert bound[:36] == GIVEN[:36]
    assert bound != GIVEN
    assert current_traceparent() == bound
    assert current_correlation_id() == "ab" * 16


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "x",
        f"00-{'0' * 32}-{'cd' * 8}-01",
        f"00-{'ab' * 16}-{'0' * 16}-01",
        GIVEN.upper(),
        GIVEN + "\n",
        GIVEN + "-x",
    ],
)
def test_what_is_no_trace_begins_a_new_one(value: str | None) -> None:
    assert not is_traceparent(value)
    bound = bind_traceparent(value)
    assert is_traceparent(bound)
    assert bound[3:35] != "ab" * 16


def test_after_a_traced_block_the_former_trace_is_back() -> None:
    outer = bind_traceparent(None)
    with traced(GIVEN) as inner:
        assert current_traceparent() == inner
    assert current_traceparent() == outer
    assert structlog.contextvars.get_contextvars()["traceparent"] == outer
