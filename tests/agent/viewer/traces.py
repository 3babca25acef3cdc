"""Sessions for the viewer's tests: run through the real engine with given answers, or written line by line with anything in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.models.base import Model, Reply, Usage
from agent.protocols.strategies.registry import asked_protocol
from agent.session import run_with
from agent.spec import Limits, make_spec
from agent.viewer.library import Library, open_library
from agent.viewer.shelf import Shelf
from environments.base import Stimulus, StimulusText
from personas.errors import ModelError
from personas.persona import load_persona
from tests.agent.driving import GivenFeed, Spy, stimulus

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</script><script>alert(1)</script>",
    "\u202egnp.exe \u2066 nothing \u2069",
    "a\u0000b\u0001\u001b[31mred",
    "👩‍👩‍👧‍👦 🏴‍☠️ \u0301\u0301\u0301",
    '"}]}{"',
    "$persona ${post} %s {0}",
    "x" * 1_000_000,
)


def reply(action: str = "watch", rating: int = 3, reason: str = "because", fraction: float = 0.5) -> Reply:
    """A good answer, with usage and a price."""
    text = json.dumps({"action": action, "watch_fraction": fraction, "rating": rating, "reason": reason})
    return Reply(text, usage=Usage(input=100, output=20), cost_usd=Decimal("0.002"), latency_s=0.5, model_version="spy-1")


def clips(number: int = 4) -> list[Stimulus]:
    """Stimuli with words in every field."""
    return [
        stimulus(
            k,
            text=StimulusText(
                caption=f'caption {k}: "quoted" $persona',
                author=f"author{k}",
                hashtags=("one", "two"),
                sound="a song",
                counts={"likes": 10 + k, "comments": k},
                transcript="said aloud",
                screen=f"Follow\ncaption {k}: something else\n10",
            ),
            labels={"HE": 1.0 if k % 2 else -0.5},
            topic="food",
        )
        for k in range(number)
    ]


async def run(
    runs: Path,
    name: str,
    replies: Sequence[Reply | Exception] | Model,
    *,
    stimuli: Sequence[Stimulus] | None = None,
    limits: Limits | None = None,
    likes_work: bool = True,
    **fields: Any,
) -> Spy:
    """A session of the real engine in `runs/name`: its model answers with `replies` in turn."""
    stimuli = clips() if stimuli is None else stimuli
    model = Spy(tuple(replies)) if isinstance(replies, Sequence) else replies
    spec = make_spec(**{"model": "scripted/mixed", "videos": len(stimuli)} | fields)
    protocol = asked_protocol(spec.protocol, spec.strategy, spec.placement)
    feed = GivenFeed(stimuli, likes_work=likes_work)
    await run_with(spec, load_persona(spec.persona), protocol, model, feed, runs=runs, session=name, limits=limits)
    assert isinstance(model, Spy)
    return model


async def mixed(runs: Path, name: str = "mixed", **fields: Any) -> Spy:
    """Six clips: liked, skipped, refused, unparsable twice, failed, watched."""
    replies = (
        reply("like", 5, "so warm"),
        reply("skip", 1, "dull", 0.1),
        Reply("I'm sorry, but I can't help with this request.", cost_usd=Decimal("0.001")),
        Reply("well", cost_usd=Decimal("0.001")),
        Reply("well, well", cost_usd=Decimal("0.001")),
        ModelError("the server answered 500: out of memory"),
        reply("watch", 3, "fine"),
    )
    return await run(runs, name, replies, stimuli=clips(6), **fields)


def shelf(root: Path) -> Shelf:
    """What is below `root`."""
    return Shelf(open_library(root))


def library(root: Path) -> Library:
    """The sessions below `root`."""
    return open_library(root)


def session(found: Shelf, name: str) -> dict[str, Any]:
    """A session as the page gets it."""
    data: dict[str, Any] = json.loads(found.session(name))
    return data


def step(found: Shelf, name: str, number: int) -> dict[str, Any]:
    """A step as the page gets it."""
    data: dict[str, Any] = json.loads(found.step(name, number))
    return data


def write(folder: Path, *events: dict[str, Any] | bytes, record: dict[str, Any] | None = None) -> Path:
    """A session folder with these lines, and this session.json."""
    folder.mkdir(parents=True)
    told = {
        "schema_version": 1,
        "spec": {"model": "vllm/one", "persona": "p", "videos": 9},
        "persona": {"name": "p", "text": "You.", "target": {}},
    }
    (folder / "session.json").write_text(json.dumps(told if record is None else record))
    lines = (event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n" for event in events)
    (folder / "trace.jsonl").write_bytes(b"".join(lines))
    return folder


def shown(number: int, **more: Any) -> dict[str, Any]:
    """A stimulus event."""
    fields = {"type": "stimulus", "at": 1.0, "step": number, "id": f"clip-{number}", "frames": [], "text": {"caption": f"caption {number}"}}
    return {**fields, "duration_s": 4.0, "source": "test", **more}


def answered(number: int, **more: Any) -> dict[str, Any]:
    """A final answer event."""
    decision = {"action": "like", "watch_fraction": 1.0, "rating": 4, "reason": "nice"}
    fields = {"type": "answer", "at": 2.0, "step": number, "stage": "feed", "attempt": 0, "outcome": "answered", "final": True}
    return {**fields, "decision": decision, "raw": "{}", "cost_usd": "0.01", **more}


def done(number: int, **more: Any) -> dict[str, Any]:
    """An action event."""
    fields = {"type": "action", "at": 3.0, "step": number, "asked": "like", "watch_fraction": 1.0, "done": "like", "advanced": True}
    return {**fields, "dwell_s": 4.0, **more}


BEGUN = {"type": "session", "at": 0.0, "schema_version": 1, "spec_hash": "0" * 64}
