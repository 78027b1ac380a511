"""What a host asks and runs when it goes: stand-ins of the instance metadata service and of the host's commands."""

import os
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from support.paths import ROOT

LEAVE = ROOT / "runtime" / "machine" / "leave.sh"
NOTICE = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
LIFECYCLE_STATE = "autoscaling/target-lifecycle-state"
TOKEN = "a-token"


class Metadata:
    """Version 2 of the instance metadata service, with what the tests put into it.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html

    Attributes:
        values: What is there, by path below `meta-data/`; 404 for all else.
        url: Where it listens.
        asked: How often Auto Scaling's state was asked for.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {LIFECYCLE_STATE: "InService"}
        self.asked = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                known = self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
                self._answer(200 if known else 400, TOKEN)

            def do_GET(self) -> None:
                if self.headers["X-aws-ec2-metadata-token"] != TOKEN:
                    return self._answer(401, "")
                path = self.path.removeprefix("/latest/meta-data/")
                service.asked += path == LIFECYCLE_STATE
                value = service.values.get(path)
                return self._answer(404 if value is None else 200, value or "")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def leave_script(folder: Path, metadata: Metadata, commands: Mapping[str, str]) -> Generator[subprocess.Popen[bytes]]:
    """Run the host's script, with the commands in place of the host's.

    Args:
        folder: For the commands.
        metadata: What it asks.
        commands: Bash, by the command's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, script in commands.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "METADATA": metadata.url, "LEAVE_SECONDS": "65"}
    with subprocess.Popen(["bash", str(LEAVE)], env=environ) as script:
        try:
            yield script
        finally:
            script.kill()
