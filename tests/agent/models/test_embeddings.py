"""Embedders over HTTP against a real server on the loopback, which misbehaves on demand."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.models.embeddings import LONGEST_TEXT, HttpEmbedder
from agent.models.endpoint import Endpoint
from agent.models.settings import Settings
from environments.embed import ImageEmbedder
from environments.embedders import make_embedder
from evals.values.embedding import embedding_loadings
from personas.errors import AxiofeedError, ModelError, ModelSetupError, Rejected, Throttled, Unavailable, Unreachable
from tests.agent.models.tiny_gguf import TinyVlm

CANARY = "canary-4f1d0c7e9b2a5533"
Body = dict[str, Any]


def vector(text: str) -> list[float]:
    """What the server embeds a text as: 8 numbers that depend on its letters, of any length."""
    rng = np.random.default_rng(list(text.encode("utf-8", "surrogatepass")))
    return [3.0 * value for value in rng.normal(size=8).tolist()]


def answer(body: Body) -> Body:
    """A whole, honest answer."""
    data = [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(body["input"])]
    return {
        "object": "list",
        "data": data,
        "model": body["model"],
        "usage": {"prompt_tokens": 10 * len(data), "total_tokens": 10 * len(data)},
    }


class EmbeddingServer:
    """Answers POST /v1/embeddings by `respond(body, number) -> (status, headers, body)`; keeps every request."""

    def __init__(self) -> None:
        self.respond: Callable[[Body, int], tuple[int, dict[str, str], Body | bytes]] = lambda body, _: (200, {}, answer(body))
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        outer, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with lock:
                    outer.bodies.append(body)
                    outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                    outer.paths.append(self.path)
                    number = len(outer.bodies) - 1
                status, headers, said = outer.respond(body, number)
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    for name in ("OPENAI_BASE_URL", "VLLM_BASE_URL", "OPENAI_API_KEY", "VLLM_API_KEY", "AXIOFEED_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    server = EmbeddingServer()
    yield server
    server.close()


def embedder_at(url: str, key: str | None = None, **settings: Any) -> HttpEmbedder:
    chosen = Settings(**({"retry_wait_s": 0.001, "max_attempts": 3} | settings))
    return HttpEmbedder(Endpoint("compatible", "tiny", url, key, "AXIOFEED_API_KEY", chosen, None))


def expected(text: str) -> np.ndarray:
    row = np.array(vector(text))
    return (row / np.linalg.norm(row)).astype(np.float32)


def test_rows_are_unit_vectors_in_the_order_of_the_texts(server: EmbeddingServer) -> None:
    """Several batches come back as float32 rows of length 1 in order; an empty text is zeros and is not sent; tokens are counted."""
    embedder = make_embedder("compatible/tiny", base_url=server.url)
    assert isinstance(embedder, HttpEmbedder)
    assert not isinstance(embedder, ImageEmbedder)
    assert (embedder.name, embedder.dim, embedder.requests) == ("compatible/tiny", 8, 1)
    texts = [f"text {n}" for n in range(300)]
    texts[7] = "  \n"
    rows = embedder.embed_texts(texts)
    assert rows.shape == (300, 8)
    assert rows.dtype == np.float32
    assert not rows[7].any()
    for n in (0, 6, 8, 128, 129, 299):
        assert np.allclose(rows[n], expected(texts[n]), atol=1e-6)
    assert sorted(len(body["input"]) for body in server.bodies[1:]) == [43, 128, 128]
    assert all(body["model"] == "tiny" and body["encoding_format"] == "float" for body in server.bodies)
    assert set(server.paths) == {"/v1/embeddings"}
    assert (embedder.tokens, embedder.requests) == (10 * 300, 4)
    assert embedder.embed_texts([]).shape == (0, 8)
    embedder.close()
    assert np.allclose(embedder.embed_texts(["again"])[0], expected("again"), atol=1e-6)


def test_the_embedding_baseline_takes_any_embedder(server: EmbeddingServer) -> None:
    """Loadings from words can be had in another space, which their source then names."""
    found = embedding_loadings({"a": "soup", "b": "sea", "mute": ""}, embedder_at(server.url))
    assert (found.items, found.source) == (("a", "b"), "embedding baseline, compatible/tiny")
    assert np.abs(found.x).max() == 1.0


def test_long_texts_are_cut_and_broken_ones_are_sendable(server: EmbeddingServer) -> None:
    """Of a long text its beginning is sent, few such texts make a request, and a lone surrogate does no harm."""
    embedder = embedder_at(server.url)
    embedder.embed_texts(["x" * 50_000] * 30 + ["\udcff broken"])
    sent = [text for body in server.bodies[1:] for text in body["input"]]
    assert {len(text) for text in sent} == {LONGEST_TEXT, len("? broken")}
    assert max(sum(map(len, body["input"])) for body in server.bodies) <= 200_000


def test_answers_out_of_order_are_put_in_order(server: EmbeddingServer) -> None:
    """Rows are told apart by `index`, whatever order they come in; rows without any are taken as they come."""
    embedder = embedder_at(server.url)
    texts = ["one", "two", "three"]
    straight = embedder.embed_texts(texts)

    def shuffled(body: Body, _: int) -> tuple[int, dict[str, str], Body]:
        said = answer(body)
        said["data"].reverse()
        return 200, {}, said

    def unnumbered(body: Body, _: int) -> tuple[int, dict[str, str], Body]:
        return 200, {}, {"data": [{"embedding": vector(text)} for text in body["input"]]}

    for respond in (shuffled, unnumbered):
        server.respond = respond
        assert np.array_equal(embedder.embed_texts(texts), straight)


def missing_one(said: Body) -> Body:
    return said | {"data": said["data"][:-1]}


def numbered_twice(said: Body) -> Body:
    return said | {"data": [row | {"index": 0} for row in said["data"]]}


def half_numbered(said: Body) -> Body:
    return said | {"data": [said["data"][0], *({"embedding": row["embedding"]} for row in said["data"][1:])]}


def longer(said: Body) -> Body:
    return said | {"data": [row | {"embedding": row["embedding"] * 2} for row in said["data"]]}


def uneven(said: Body) -> Body:
    return said | {"data": [row | {"embedding": row["embedding"][: 4 + n]} for n, row in enumerate(said["data"])]}


def not_a_number(said: Body) -> Body:
    return said | {"data": [row | {"embedding": [math.nan] * 8} for row in said["data"]]}


def null(said: Body) -> Body:
    return said | {"data": [row | {"embedding": [None] * 8} for row in said["data"]]}


@pytest.mark.parametrize(
    ("spoil", "error", "calls"),
    [
        (missing_one, Unavailable, 3),
        (numbered_twice, Unavailable, 3),
        (half_numbered, Unavailable, 3),
        (null, Unavailable, 3),
        (longer, Rejected, 1),
        (uneven, Rejected, 1),
        (not_a_number, Rejected, 1),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(
    server: EmbeddingServer, spoil: Callable[[Body], Body], error: type[ModelError], calls: int
) -> None:
    """Vectors that are missing, cannot be told apart, change length or hold no numbers are an error; what may pass is asked again."""
    embedder = embedder_at(server.url)
    server.respond = lambda body, _: (200, {}, spoil(answer(body)))
    with pytest.raises(error) as caught:
        embedder.embed_texts(["one", "two", "three"])
    assert len(server.bodies) == 1 + calls
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("compatible/tiny: ")


def test_the_retry_layer_is_the_one_of_models(server: EmbeddingServer) -> None:
    """429 and 500 are asked again, once the pause the server wants is over; when the attempts are used up the error says which it was."""
    embedder = embedder_at(server.url)
    server.respond = lambda body, number: (
        (429, {"retry-after": "0.05"}, {"error": {"message": "slow down"}})
        if number == 1
        else (500, {}, b"oops")
        if number == 2
        else (200, {}, answer(body))
    )
    began = time.monotonic()
    assert np.allclose(embedder.embed_texts(["one"])[0], expected("one"), atol=1e-6)
    assert time.monotonic() - began >= 0.05
    assert (len(server.bodies), embedder.requests) == (4, 4)
    server.respond = lambda *_: (429, {}, {"error": {"message": "slow down"}})
    with pytest.raises(Throttled) as caught:
        embedder.embed_texts(["one"])
    assert caught.value.attempts == 3
    assert len(server.bodies) == 7


def test_errors_say_what_to_do_and_hold_no_key(server: EmbeddingServer) -> None:
    """A wrong key, an unknown model, a page instead of an answer, and no server at all: one line each, without the key."""
    embedder = embedder_at(server.url, key=CANARY)
    assert server.headers[0]["authorization"] == f"Bearer {CANARY}"
    cases: list[tuple[int, Body | bytes, type[AxiofeedError]]] = [
        (401, {"error": {"message": f"bad key {CANARY}"}}, ModelSetupError),
        (404, {"error": {"message": "no such model"}}, ModelSetupError),
        (400, {"error": {"message": "too long"}}, Rejected),
        (400, {"error": {"message": "no", "code": "content_filter"}}, Rejected),
        (200, b"<html>a proxy", Unavailable),
    ]
    for status, said, error in cases:
        server.respond = lambda *_, status=status, said=said: (status, {}, said)  # type: ignore[misc]
        with pytest.raises(error) as caught:
            embedder.embed_texts(["one"])
        assert CANARY not in repr(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(Unreachable, match="is a server listening"):
        embedder_at("http://127.0.0.1:9/v1")


def test_one_failure_stops_the_other_batches(server: EmbeddingServer) -> None:
    """With one place at the endpoint and a batch that is refused, those behind it in the line are not sent any more."""
    embedder = embedder_at(server.url, concurrency=1)
    server.respond = lambda *_: (400, {}, {"error": {"message": "no"}})
    with pytest.raises(Rejected):
        embedder.embed_texts([f"text {n}" for n in range(128 * 6)])
    server.respond = lambda body, _: (200, {}, answer(body))
    embedder.embed_texts(["behind them in the line"])
    assert len(server.bodies) <= 4


def test_threads_share_an_embedder(server: EmbeddingServer) -> None:
    """Eight threads at once, and embedders made in them, each get their own texts' vectors."""

    def ask(n: int) -> bool:
        mine = embedder if n % 2 else embedder_at(server.url)
        return np.allclose(mine.embed_texts([f"text {n}"])[0], expected(f"text {n}"), atol=1e-6)

    embedder = embedder_at(server.url)
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(32)))


def test_keys_and_addresses_come_from_the_environment(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each provider takes its own variables; OpenAI's key goes to nobody else; what is missing is named in one line."""
    with pytest.raises(ModelSetupError, match="OPENAI_API_KEY"):
        make_embedder("openai/text-embedding-3-small", base_url=server.url)
    for name in ("vllm/a/b", "compatible/x"):
        with pytest.raises(ModelSetupError, match="base URL"):
            make_embedder(name)
    with pytest.raises(ModelSetupError, match="is not a base URL"):
        make_embedder("compatible/x", base_url="localhost")
    monkeypatch.setenv("OPENAI_API_KEY", "openai-key")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("VLLM_BASE_URL", server.url.removesuffix("/v1"))
    assert make_embedder("openai/text-embedding-3-small").name == "openai/text-embedding-3-small"
    assert make_embedder("vllm/Qwen/Qwen3-Embedding-0.6B").name == "vllm/Qwen/Qwen3-Embedding-0.6B"
    make_embedder("compatible/tiny", base_url=server.url)
    assert [headers.get("authorization") for headers in server.headers] == ["Bearer openai-key", None, None]
    assert [body["model"] for body in server.bodies] == ["text-embedding-3-small", "Qwen/Qwen3-Embedding-0.6B", "tiny"]


def test_llama_cpp_answers_as_an_embedding_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_vlm: TinyVlm) -> None:
    """The real llama.cpp with a tiny random model: the vectors have the model's width, and depend on the text alone."""
    xllamacpp = pytest.importorskip("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(tiny_vlm.model)
    parameters.embedding = True
    parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.n_ctx = 512
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    embedder = make_embedder("compatible/tiny", base_url=f"{server.listening_address}/v1")
    assert isinstance(embedder, HttpEmbedder)
    try:
        assert embedder.dim == 64
        rows = embedder.embed_texts(["watch", "skip the video", "watch"])
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert np.allclose(rows[0], rows[2], atol=1e-5)
        assert not np.allclose(rows[0], rows[1], atol=1e-3)
        assert embedder.tokens > 0
    finally:
        embedder.close()
