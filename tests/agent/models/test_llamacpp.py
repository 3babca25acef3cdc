"""`llamacpp/PATH.gguf` on the real llama.cpp, with a tiny random vision-language model."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel, Field

from agent.models.base import Model, Prompt, Turn
from agent.models.endpoint import Endpoint
from agent.models.gguf_files import architecture
from agent.models.http_model import HttpModel
from agent.models.llamacpp import answer_grammar, build
from agent.models.registry import ModelOptions, make_model
from environments.base import Frame
from personas.errors import ModelSetupError, Rejected
from tests.agent.models.tiny_gguf import TinyVlm

pytest.importorskip("xllamacpp")

ROOT = Path(__file__).parents[3]
Reason = Annotated[str, Field(json_schema_extra={"maxLength": 40})]


class Feed(BaseModel):
    action: Literal["skip", "watch", "like"]
    watch_fraction: Annotated[float, Field(ge=0, le=1)]
    rating: Annotated[int, Field(ge=0, le=5)]
    reason: Reason = ""


class Glance(BaseModel):
    action: Literal["skip", "watch"]
    reason: Reason = ""


class React(BaseModel):
    action: Literal["watch", "like"]
    watch_fraction: Annotated[float, Field(ge=0, le=1)]
    rating: Annotated[int, Field(ge=0, le=5)]
    reason: Reason = ""


class Endless(BaseModel):
    text: Annotated[str, Field(json_schema_extra={"minLength": 3000, "maxLength": 3000})]


@pytest.fixture
async def model(tiny_vlm: TinyVlm) -> AsyncIterator[HttpModel]:
    model = build(str(tiny_vlm.model), ModelOptions(extra={"n_threads": "1", "n_ctx": "2048"}))
    yield model
    await model.close()


def frame(shade: int) -> Frame:
    from PIL import Image

    picture = Image.linear_gradient("L").rotate(shade * 37 % 360).resize((90, 160)).convert("RGB")
    data = io.BytesIO()
    picture.save(data, "JPEG")
    return Frame.of(data.getvalue(), 0.0)


def prompt(seed: int = 0, *, answer: type[BaseModel] = Feed, frames: int = 1, text: str = "Watch or skip?", tokens: int = 500) -> Prompt:
    images = tuple(frame(seed + n) for n in range(frames))
    return Prompt("task", "You like hiking.", (Turn("user", text, images),), answer, seed, max_output_tokens=tokens)


async def test_every_answer_fits_its_schema(model: HttpModel) -> None:
    """Over many pictures and all three answer models the text is JSON within all bounds, free of cost, counted and versioned."""
    seen = set()
    for seed in range(20):
        for answer in (Feed, Glance, React):
            reply = await model.ask(prompt(seed, answer=answer, frames=3))
            given = answer.model_validate_json(reply.text).model_dump()
            assert list(json.loads(reply.text)) == list(answer.model_fields)
            assert len(given["reason"]) <= 40
            assert (reply.finish_reason, reply.cost_usd, reply.refusal) == ("stop", 0, None)
            assert reply.usage.input > 40
            assert reply.usage.output > 10
            seen.add(reply.text)
    assert len(seen) > 40
    assert reply.model_version.startswith("tiny-vlm.gguf@sha256:")
    assert "tiny-vlm-mmproj.gguf@sha256:" in reply.model_version


async def test_the_pictures_are_looked_at(model: HttpModel) -> None:
    """The same words and seed with another picture, or with none, give another answer."""
    asked = [prompt(n, frames=1) for n in range(6)] + [prompt(0, frames=0)]
    texts = {(await model.ask(Prompt(p.task, p.system, p.turns, p.answer, seed=1))).text for p in asked}
    assert len(texts) >= 4


async def test_an_answer_depends_on_the_prompt_alone(model: HttpModel, tiny_vlm: TinyVlm) -> None:
    """In another order and in a freshly loaded model, each prompt gets the answer that it got before."""
    prompts = [prompt(seed, frames=2) for seed in range(8)]
    before = [(await model.ask(p)).text for p in prompts]
    fresh = build(str(tiny_vlm.model), ModelOptions(extra={"n_threads": "1", "n_ctx": "2048"}))
    try:
        assert [(await fresh.ask(p)).text for p in reversed(prompts)] == before[::-1]
    finally:
        await fresh.close()


async def test_a_cut_off_answer_keeps_its_text(model: HttpModel) -> None:
    """An answer that reaches the token limit arrives as far as it got, marked as cut."""
    reply = await model.ask(prompt(tokens=8))
    assert reply.finish_reason == "length"
    assert reply.text.startswith('{"act')
    assert reply.usage.output == 8


async def test_a_prompt_longer_than_the_context_is_rejected_with_advice(model: HttpModel) -> None:
    """A prompt that does not fit says how long it is, how long it may be, and which option to raise; it is not asked again."""
    with pytest.raises(Rejected, match=r"has \d{4,} tokens, the context 2048: .*n_ctx") as caught:
        await model.ask(prompt(text="word " * 2000))
    assert caught.value.attempts == 1


async def test_option_logprobs_come_when_asked_for(tiny_vlm: TinyVlm) -> None:
    """With `logprobs=true` a reply holds the log-probability of each option; without it none."""
    model = build(str(tiny_vlm.model), ModelOptions(extra={"logprobs": "true", "n_threads": "1"}))
    try:
        reply = await model.ask(prompt())
    finally:
        await model.close()
    assert reply.logprobs is not None
    assert set(reply.logprobs) == {"skip", "watch", "like"}
    assert all(value <= 0 for value in reply.logprobs.values())


async def test_several_conversations_run_at_once(tiny_vlm: TinyVlm) -> None:
    """With `n_parallel` each conversation has the whole context to itself, and all are answered."""
    model = build(str(tiny_vlm.model), ModelOptions(extra={"n_parallel": "3", "n_ctx": "1024", "n_threads": "1"}))
    try:
        replies = await asyncio.gather(*(model.ask(prompt(seed, text="word " * 150)) for seed in range(9)))
    finally:
        await model.close()
    assert all(Feed.model_validate_json(reply.text) for reply in replies)


async def test_the_server_is_private_and_ends_with_close(model: HttpModel) -> None:
    """It listens on loopback, takes nobody without its key, is gone after `close`, and `close` may be called twice."""
    url = endpoint_of(model).base_url
    assert url.startswith("http://127.0.0.1:")
    stranger = make_model("compatible/tiny", ModelOptions(base_url=url))
    with pytest.raises(ModelSetupError, match="asks for a key"):
        await stranger.ask(prompt())
    await stranger.close()
    await model.ask(prompt())
    await model.close()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))
    await model.close()


async def test_closing_while_an_answer_is_being_written_does_not_hang(tiny_vlm: TinyVlm) -> None:
    """Neither a question of our own nor one of another client, its connection still open, is waited for."""
    model = build(str(tiny_vlm.model), ModelOptions(extra={"n_threads": "1", "n_parallel": "2"}))
    ours = asyncio.ensure_future(model.ask(prompt(answer=Endless, tokens=4000)))
    url = urlsplit(endpoint_of(model).base_url)
    body = json.dumps({"prompt": "a", "n_predict": 2000, "ignore_eos": True}).encode()
    head = f"POST /completion HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {endpoint_of(model).key}\r\nContent-Length: {len(body)}\r\n\r\n"
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(head.encode() + body)
    await writer.drain()
    await asyncio.sleep(0.3)
    assert not ours.done()
    await asyncio.wait_for(model.close(), 10)
    await asyncio.wait({ours}, timeout=10)
    assert ours.done()
    assert ours.exception() is not None
    writer.close()


async def test_the_same_server_answers_the_compatible_provider(model: HttpModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """`compatible` pointed at the in-process server gets JSON of the asked form, under `response_format`."""
    endpoint = endpoint_of(model)
    monkeypatch.setenv("AXIOFEED_API_KEY", str(endpoint.key))
    other: Model = make_model("compatible/tiny", ModelOptions(base_url=endpoint.base_url))
    try:
        for seed in range(10):
            for answer in (Feed, Glance, React):
                reply = await other.ask(prompt(seed, answer=answer, frames=2))
                given = json.loads(reply.text)
                assert list(given) == list(answer.model_fields)
                assert given["action"] in str(answer.model_fields["action"].annotation)
    finally:
        await other.close()


def test_a_run_is_silent_and_ends_cleanly_without_close(tiny_vlm: TinyVlm) -> None:
    """llama.cpp writes nothing to the terminal, and a process that ends in the middle of a question keeps its exit code."""
    code = (
        "import asyncio, sys\n"
        "from tests.agent.models.test_llamacpp import Endless, prompt\n"
        "from agent.models.registry import make_model\n"
        f"model = make_model('llamacpp/{tiny_vlm.model}')\n"
        "loop = asyncio.new_event_loop()\n"
        "print(loop.run_until_complete(model.ask(prompt())).finish_reason)\n"
        "asking = loop.create_task(model.ask(prompt(answer=Endless, tokens=4000)))\n"
        "loop.run_until_complete(asyncio.sleep(0.2))\n"
        "sys.exit(5 if asking.done() else 7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (7, "stop\n", "")


def test_wrong_files_are_one_line_each(tiny_vlm: TinyVlm, tmp_path: Path) -> None:
    """Whatever is wrong with the two files is said in one line that names the file and what to do."""
    whole, projector = tiny_vlm.model.read_bytes(), tiny_vlm.projector.read_bytes()

    def complaint(*, model: bytes | None = whole, beside: dict[str, bytes] | None = None, **extra: str) -> str:
        folder = tmp_path / os.urandom(4).hex()
        folder.mkdir()
        for name, data in (beside or {}).items():
            (folder / name).write_bytes(data)
        if model is not None:
            (folder / "m.gguf").write_bytes(model)
        with pytest.raises(ModelSetupError) as caught:
            build(str(folder / "m.gguf"), ModelOptions(extra=extra))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    pair = {"mmproj-m.gguf": projector}
    assert "No such file" in complaint(model=None)
    assert "is not a GGUF file" in complaint(model=b"<html>not found</html>", beside=pair)
    assert "cut short" in complaint(model=whole[:10], beside=pair)
    assert "cut short or damaged" in complaint(model=whole[:200_000], beside=pair)
    assert "is a projector, not a language model" in complaint(model=projector, beside=pair)
    assert "cannot see" in complaint()
    assert "several projectors" in complaint(beside=pair | {"other-MMPROJ.gguf": projector})
    assert "is a language model, not a projector" in complaint(beside={"mmproj.gguf": whole})
    assert "cannot read the projector" in complaint(projector="nowhere.gguf")
    assert "no model option 'n_ctxx'" in complaint(beside=pair, n_ctxx="1")
    assert "whole number from 256" in complaint(beside=pair, n_ctx="many")
    assert "true or false" in complaint(beside=pair, cache_prompt="perhaps")


def test_the_projector_can_lie_elsewhere(tiny_vlm: TinyVlm, tmp_path: Path) -> None:
    """`projector=FILE` names it; the architecture of both files is read from their headers."""
    alone = tmp_path / "alone.gguf"
    alone.write_bytes(tiny_vlm.model.read_bytes())
    model = build(str(alone), ModelOptions(extra={"projector": str(tiny_vlm.projector)}))
    asyncio.run(model.close())
    assert (architecture(tiny_vlm.model), architecture(tiny_vlm.projector)) == ("llama", "clip")


def test_without_xllamacpp_the_extra_is_named(tiny_vlm: TinyVlm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing, the message says what to install."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(ModelSetupError, match=r"pip install -e '.\[local\]'"):
        build(str(tiny_vlm.model), ModelOptions())


def test_the_grammar_closes_nested_objects() -> None:
    """Every field is required and nothing else allowed, also in nested answers."""

    class Outer(BaseModel):
        inner: Glance
        note: str = ""

    grammar = answer_grammar(Outer)
    assert grammar.count('"additionalProperties":false') + grammar.count('"additionalProperties": false') == 2
    assert "whitespace_flexible" in grammar


def endpoint_of(model: HttpModel) -> Endpoint:
    """The endpoint of a model, whose URL and key the product keeps to itself."""
    return model._endpoint
