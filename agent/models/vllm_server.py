"""A `vllm serve` of our own: started on a free port, waited for, and ended with the session, even where that is killed."""

from __future__ import annotations

import atexit
import http.client
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agent.models.faults import clean
from personas.errors import ModelSetupError

__all__ = ["VllmServer"]

_GUARD = Path(__file__).with_name("process_guard.py")
_STOP_S = 15.0


class VllmServer:
    """`vllm serve MODEL` on this machine. `base_url` is where it will listen.

    Raises ModelSetupError where vLLM is not installed.
    """

    def __init__(self, model: str, arguments: Sequence[str] = ()) -> None:
        executable = shutil.which("vllm")
        if executable is None:
            raise ModelSetupError("vLLM is not installed: pip install 'axiofeed[vllm]', or give --base-url of a running server")
        if model.startswith("-"):
            raise ModelSetupError(f"{model[:60]!r} is not a model name")
        self._port = _free_port()
        self.base_url = f"http://127.0.0.1:{self._port}/v1"
        self._log = tempfile.NamedTemporaryFile(prefix="axiofeed-vllm-", suffix=".log")  # noqa: SIM115 - lives as long as the server
        command = [executable, "serve", model, "--host", "127.0.0.1", "--port", str(self._port), *arguments]
        self._process = subprocess.Popen(  # noqa: S603 - the user asked for this server
            [sys.executable, "-I", str(_GUARD), *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal reaches the session, which then stops the server in good order
        )
        atexit.register(self.stop)

    def wait_until_ready(self, timeout_s: float) -> None:
        """Return when the server answers `/health`. Raises ModelSetupError, with its last log line, if it ends first or takes too long."""
        deadline = time.monotonic() + timeout_s
        try:
            while not self._healthy():
                code = self._process.poll()
                if code is not None:
                    raise ModelSetupError(clean(f"vllm serve ended before it was ready (exit code {code}): {self._last_line()}"))
                if time.monotonic() > deadline:
                    raise ModelSetupError(clean(f"vllm serve was not ready after {timeout_s:g} s (serve_timeout_s): {self._last_line()}"))
                time.sleep(0.05)
        except BaseException:  # also Ctrl-C while the model loads
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and wait for it. May be called more than once."""
        atexit.unregister(self.stop)
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()  # the guard ends the server's whole group
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _last_line(self) -> str:
        """The last line the server wrote that says something."""
        with Path(self._log.name).open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - 8192))
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it wrote nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
