from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from deploy.docker import healthcheck


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_ready_service_is_healthy(address: str) -> None:
    assert healthcheck.main([f"{address}/health/ready"]) == 0


def test_one_that_is_not_ready_is_not_and_the_reason_is_one_line(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert healthcheck.main([f"{address}/health/other"]) == 1
    assert capsys.readouterr().err == f"{address}/health/other answers 503\n"


def test_nobody_listening_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert healthcheck.main([f"http://127.0.0.1:{closed.getsockname()[1]}/health/ready"]) == 1
    assert "does not answer: " in capsys.readouterr().err


def test_silence_is_unhealthy_before_the_container_engine_loses_patience(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert healthcheck.SECONDS < 5
    monkeypatch.setattr(healthcheck, "SECONDS", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert healthcheck.main([f"http://127.0.0.1:{silent.getsockname()[1]}/"]) == 1
    assert "timed out" in capsys.readouterr().err


def test_an_answer_that_is_not_http_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()

        def answer() -> None:
            connection, _ = rude.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"no\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert healthcheck.main([f"http://127.0.0.1:{rude.getsockname()[1]}/"]) == 1
        thread.join()
    assert "answers 0" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["a", "b"]])
def test_a_wrong_command_line_is_told(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main(words) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_an_address_without_a_port_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert healthcheck.main(["http://localhost/health/ready"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_it_imports_next_to_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        f"exec(compile(open({healthcheck.__file__!r}).read(), 'healthcheck', 'exec'), {{'__name__': 'x'}})\n"
        "heavy = {'asyncio', 'http', 'urllib', 'ssl', 'email', 'shared', 'deploy'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
