"""A stand-in for a service: answers health checks and does what its arguments say.

    python dummy_service.py <port> [ignore-term] [dies] [dies-while <file>] [child] [unready]

GET /environment answers with its environment, GET /hang makes it deaf.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/hang":
            signal.pause()
        unready = self.path == "/health/ready" and "unready" in sys.argv
        body = json.dumps(dict(os.environ)).encode() if self.path == "/environment" else b"{}"
        self.send_response(503 if unready else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(HTTPServer):
    allow_reuse_address = True


def main() -> None:
    doomed = "dies-while" in sys.argv and Path(sys.argv[sys.argv.index("dies-while") + 1]).exists()
    if doomed or "dies" in sys.argv:
        print(json.dumps({"event": "dummy.cannot_live", "level": "error"}), flush=True)
        sys.exit(7)
    if "ignore-term" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "child" in sys.argv:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print(json.dumps({"event": "dummy.started", "level": "warning", "at": time.time()}), flush=True)
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
