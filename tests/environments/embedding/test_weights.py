"""Where a model's files come from: a folder, the Hugging Face cache, or a hub, which here is a real server on the loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from personas.errors import ModelSetupError
from tests.environments.embedding.tiny_models import NEEDS_TORCH

pytestmark = NEEDS_TORCH

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"a pickle",
    "model.fp16.safetensors": b"a further copy",
    "onnx/model.onnx": b"another framework",
    "evil.py": b"code",
    "tokenizer.json": b"{}",
}


class Hub:
    """Serves `small/model` in the ways of the hub; `asked` are the paths of the files that were fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self.do_GET()

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path.startswith("/api/models/small/model/tree/"):
                    entries = [{"type": "file", "path": name, "size": len(data), "oid": digest(data)} for name, data in FILES.items()]
                    return self.say(200, json.dumps(entries).encode())
                if path.startswith("/api/models/small/model"):
                    siblings = [{"rfilename": name} for name in FILES]
                    return self.say(200, json.dumps({"id": "small/model", "sha": COMMIT, "siblings": siblings}).encode())
                if path.startswith("/api/models/gated"):
                    return self.say(403, b"{}", {"X-Error-Code": "GatedRepo"})
                name = path.removeprefix(f"/small/model/resolve/{COMMIT}/")
                if name in FILES:
                    outer.asked.append(name)
                    return self.say(200, FILES[name], {"ETag": f'"{digest(FILES[name])}"', "X-Repo-Commit": COMMIT})
                return self.say(404, b"{}", {"X-Error-Code": "RepoNotFound"})

            def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for key, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
                    self.send_header(key, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def digest(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and no network."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub to download from."""
    from huggingface_hub import constants

    hub = Hub()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    yield hub
    hub.close()


def test_offline_is_one_line(cache: Path) -> None:
    """Without a network and without the model in the cache it is said how to get it there."""
    from environments.embedding.weights import model_folder

    with pytest.raises(ModelSetupError, match="hf download openai/clip-vit-base-patch32") as caught:
        model_folder("openai/clip-vit-base-patch32")
    assert "\n" not in str(caught.value)
    assert not cache.exists() or not list(cache.rglob("*.safetensors"))


def test_only_what_is_needed_is_downloaded_and_it_is_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pickle, no code, no second copy of the weights is fetched; afterwards the model is there without a network, by revision too."""
    from huggingface_hub import constants

    from environments.embedding.weights import model_folder

    folder = model_folder("small/model")
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert set(hub.asked) == {"config.json", "model.safetensors", "tokenizer.json"}
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert model_folder("small/model") == model_folder(f"small/model@{COMMIT}") == folder


def test_what_the_hub_refuses_is_one_line(hub: Hub) -> None:
    """An unknown model and one behind terms of use are told apart."""
    from environments.embedding.weights import model_folder

    for name, told in (("no/such", "there is no model 'no/such'"), ("gated/model", "accept its terms")):
        with pytest.raises(ModelSetupError, match=told) as caught:
            model_folder(name)
        assert "\n" not in str(caught.value)
