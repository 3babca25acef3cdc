"""llama.cpp's own server, run inside this process by xllamacpp (extra `local`): on loopback, on a free port, behind a random key.

What was found out about it (xllamacpp 2026.10): its destructor stops it, holding the interpreter's lock, and waits for ever for a
request that is being answered on a connection that is still open. Destroyed while the interpreter ends it hangs, not destroyed
it can crash; destroyed before its main loop began, it waits for ever too. So it answers a first question before it is handed out,
and before it is destroyed, by `stop` or at exit, all of its connections are hung up.
"""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from agent.models.gguf_files import GgufFiles
from personas.errors import ModelSetupError

__all__ = ["LlamaServer", "LlamaSettings", "load_xllamacpp"]

_SILENT = -1


@dataclass(frozen=True)
class LlamaSettings:
    """How llama.cpp runs. `n_ctx` is in tokens per conversation; None leaves a number to llama.cpp (cores, layers that fit)."""

    n_ctx: int = 8192
    n_threads: int | None = None
    n_parallel: int = 1
    n_gpu_layers: int | None = None


_running: list[LlamaServer] = []


@atexit.register
def _stop_all() -> None:
    """Stop what nobody stopped, while the interpreter is still whole."""
    for server in tuple(_running):
        server.stop()


def load_xllamacpp() -> ModuleType:
    """The package. Raises ModelSetupError where it is not installed or does not load."""
    try:
        return importlib.import_module("xllamacpp")
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        what = "llamacpp needs the package xllamacpp" if missing else f"xllamacpp does not load ({error})"
        raise ModelSetupError(f"{what}: install the extra (pip install -e '.[local]' in the repository)") from None


class LlamaServer:
    """A running server. `base_url` ends in /v1; `key` must come with every request."""

    def __init__(self, files: GgufFiles, settings: LlamaSettings) -> None:
        xllamacpp = load_xllamacpp()
        self.key = secrets.token_urlsafe(24)
        try:
            server = xllamacpp.Server(_parameters(xllamacpp, files, settings, self.key))
            server.handle_completions({"prompt": "a", "n_predict": 1})  # once this is answered, its main loop is known to run
        except RuntimeError:
            raise ModelSetupError(
                f"llama.cpp cannot load {files.model} with {files.projector.name}: a file is cut short or damaged (download it again), "
                "the two do not belong together, the architecture is newer than this xllamacpp (update it), or memory is short "
                "(lower n_ctx, or take a smaller quantisation)"
            ) from None
        self.base_url = f"{server.listening_address}/v1"
        self._port = int(server.listening_address.rpartition(":")[2])
        self._server: Any = server
        _running.append(self)

    def stop(self) -> None:
        """Hang up on all clients, stop the server and free the model; takes up to about a second. May be called more than once."""
        if self._server is not None:
            _hang_up(self._port)
            self._server = None
            _running.remove(self)


def _hang_up(port: int) -> None:
    """End every connection with `port` on loopback. The server's own ends are among this process's descriptors, so no client is missed."""
    folder = Path("/dev/fd")  # not on Windows: there the clients must be closed first
    for number in [int(entry.name) for entry in folder.iterdir()] if folder.is_dir() else []:
        with suppress(OSError):  # closed since, or not connected
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as end:
                if end.family == socket.AF_INET and ("127.0.0.1", port) in (end.getsockname(), end.getpeername()):
                    end.shutdown(socket.SHUT_RDWR)


def _parameters(xllamacpp: ModuleType, files: GgufFiles, settings: LlamaSettings, key: str) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(files.model)
    parameters.mmproj.path = str(files.projector)
    parameters.n_parallel = settings.n_parallel
    parameters.n_ctx = settings.n_ctx * settings.n_parallel  # shared out among the conversations
    if settings.n_threads is not None:
        parameters.cpuparams.n_threads = settings.n_threads
        parameters.cpuparams_batch.n_threads = settings.n_threads
    if settings.n_gpu_layers is not None:
        parameters.n_gpu_layers = settings.n_gpu_layers
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.cors_origins = ""  # no web page has business here
    parameters.ui = False
    parameters.endpoint_slots = False  # would show prompts
    parameters.offline = True
    parameters.verbosity = _SILENT
    parameters.cache_ram_mib = 0  # by default up to 8 GB of old prompts
    parameters.enable_reasoning = 0  # the answer's grammar leaves no room for thinking aloud
    return parameters
