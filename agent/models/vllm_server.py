"""A `vllm serve` of our own: started on a free port, waited for, and ended with the session, even where that is killed."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from agent.models.faults import clean
from personas.errors import ModelSetupError

__all__ = ["VllmServer"]

_GUARD = Path(__file__).with_name("process_guard.py")
_POLL_S = 0.05
_HEALTH_S = 2.0
_STOP_S = 15.0


class VllmServer:
    """`vllm serve MODEL` on this machine. `base_url` is where it will listen once it is started and has loaded.

    Raises ModelSetupError where vLLM is not installed.
    """

    def __init__(self, model: str, arguments: Sequence[str] = ()) -> None:
        executable = shutil.which("vllm")
        if executable is None:
            raise ModelSetupError(
                "vLLM is not installed: install the extra (pip install -e '.[vllm]' in the repository), "
                "or give --base-url of a running server"
            )
        if model.startswith("-"):
            raise ModelSetupError(f"{model[:60]!r} is not a model name")
        self._port = _free_port()
        self.base_url = f"http://127.0.0.1:{self._port}/v1"
        self._command = [executable, "serve", model, "--host", "127.0.0.1", "--port", str(self._port), *arguments]
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._is_ready = False
        self._fault: str | None = None

    def start(self) -> None:
        """Start loading; returns at once."""
        self._log = tempfile.NamedTemporaryFile(prefix="axiofeed-vllm-", suffix=".log")  # noqa: SIM115 - lives as long as the server
        self._process = subprocess.Popen(  # noqa: S603 - the user asked for this server
            [sys.executable, "-I", str(_GUARD), *self._command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal reaches the session, which then stops the server in good order
        )
        self._began = time.monotonic()
        atexit.register(self.stop)

    async def wait_until_ready(self, timeout_s: float) -> None:
        """Return when the server answers `/health`, at once from then on; who waits first starts it. `timeout_s` counts from the start,
        however many wait.

        Raises ModelSetupError, with the server's last log line, if it ends first or takes too long; it is stopped then. To cancel one
        who waits leaves the server to the others: `stop` ends it.
        """
        if self._process is None and self._fault is None:
            self.start()
        while not self._is_ready:
            if self._fault is None:
                self._fault = self._why_not(timeout_s)
                if self._fault is not None:
                    await asyncio.to_thread(self.stop)
            if self._fault is not None:
                raise ModelSetupError(self._fault)
            if await self._healthy():
                self._is_ready = True
            else:
                await asyncio.sleep(_POLL_S)

    def stop(self) -> None:
        """End the server, loading or not, and wait for it. May be called more than once."""
        atexit.unregister(self.stop)
        self._fault = self._fault or "vllm serve was stopped before it was ready"
        if self._process is not None:
            _end(self._process)
        if self._log is not None:
            self._log.close()

    def _why_not(self, timeout_s: float) -> str | None:
        """Why waiting on is pointless, None while it is not."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            return clean(f"vllm serve ended before it was ready (exit code {code}): {self._last_line()}")
        if time.monotonic() - self._began > timeout_s:
            return clean(f"vllm serve was not ready after {timeout_s:g} s (serve_timeout_s): {self._last_line()}")
        return None

    async def _healthy(self) -> bool:
        # By hand: an HTTP client in a thread could not be given up at once, and one that follows proxies would leave this machine.
        try:
            async with asyncio.timeout(_HEALTH_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    return (await reader.readline()).split()[1:2] == [b"200"]
                finally:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
        except (OSError, ValueError):  # a timeout is an OSError; a line without end is a ValueError
            return False

    def _last_line(self) -> str:
        """The last line the server wrote that says something."""
        lines: list[str] = []
        with suppress(OSError), Path(self._log.name if self._log else "").open("rb") as log:  # gone where it was just stopped
            log.seek(max(0, log.seek(0, 2) - 8192))
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it wrote nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()  # the guard ends the server's whole group
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
