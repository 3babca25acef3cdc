"""Sessions for the tests of the page: pictures, every kind of outcome, a second persona that decides otherwise, a deck, a person."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from agent.viewer.app import create_app
from agent.viewer.library import open_library
from environments.base import Frame
from environments.feedapp.serve import serve
from environments.frame_store import FrameStore
from tests.agent.viewer.traces import BEGUN, answered, done, shown, write

KINDS = ("like", "skip", "watch", "refused", "unparsable", "failed", "like", "watch", "skip", "watch", "like", "watch")
OTHERS = ("like", "watch", "watch", "like", "skip", "skip", "skip", "watch", "skip", "watch", "watch", "watch")
FLIPPED = (1, 6, 10)
"""Where both answered and decided otherwise."""
WATCHED = {"like": 0.9, "watch": 0.5, "skip": 0.1}
ACTION_ERROR_AT = 7
CLICKED = (0.25, 0.75)
"""Where every like was pressed."""


def picture(tint: int, t: float = 0.0) -> Frame:
    """A small portrait of one colour."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (90, 160), (tint % 256, 120, 200)).save(file, "JPEG")
    return Frame.of(file.getvalue(), t)


def frames(runs: Path, number: int, many: int = 3) -> list[dict[str, Any]]:
    """Stored pictures of a clip, as a trace names them."""
    store, found = FrameStore(runs / "frames"), []
    for place in range(many):
        frame = picture(20 * number + 3 * place, t=float(place))
        store.put(frame)
        found.append({"sha256": frame.sha256, "t": frame.t})
    return found


PROMPT = {
    "type": "prompt",
    "at": 0.5,
    "hash": "a" * 64,
    "stage": "feed",
    "cell": 2,
    "system": "$persona",
    "user": "What do you do?\n\n$post",
    "answer_schema": {"type": "object"},
}


def step(number: int, kind: str, pictures: list[dict[str, Any]], **text: Any) -> list[dict[str, Any]]:
    """The events of one step of that kind."""
    labels = {"HE": 1.0} if number % 2 == 0 else {"UN": 1.0, "AC": -0.5}
    words = {
        "caption": f"caption {number} about {'soup' if number == 2 else 'things'}",
        "author": f"author{number}",
        "hashtags": ["one"],
        **text,
    }
    events = [
        shown(number, frames=pictures, text=words, labels=labels, topic="food"),
        {"type": "ask", "at": 1.5, "step": number, "stage": "feed", "attempt": 0, "cell": 2, "prompt": "a" * 64, "seed": 1},
    ]
    if kind in WATCHED:
        rating = {"like": 5, "watch": 3, "skip": 1}[kind]
        decision = {"action": kind, "watch_fraction": WATCHED[kind], "rating": rating, "reason": f"reason {number}, plainly"}
        return [
            *events,
            answered(number, decision=decision, raw=f'{{"action": "{kind}"}}', latency_s=0.5, usage={"input": 300, "output": 20}),
            done(
                number,
                asked=kind,
                done=kind,
                watch_fraction=WATCHED[kind],
                dwell_s=4 * WATCHED[kind],
                error="the like did not register" if number == ACTION_ERROR_AT else None,
                click=CLICKED if kind == "like" else None,
            ),
        ]
    told = {
        "refused": {"refusal": "I cannot help"},
        "unparsable": {"fault": "no JSON object"},
        "failed": {"error": f"server answered 500 at {number}"},
    }
    return [
        *events,
        answered(number, outcome=kind, decision=None, raw="" if kind == "failed" else "I cannot help with this", **told[kind]),
        done(number, asked="pass", done="pass", watch_fraction=0.0, dwell_s=0.0),
    ]


def ended(*kinds: str) -> dict[str, Any]:
    """A complete end with the sums of steps of these kinds."""
    states = [kind if kind in {"refused", "unparsable", "failed"} else "answered" for kind in kinds]
    actions = [kind if kind in WATCHED else "pass" for kind in kinds]
    totals = {
        "steps": len(kinds),
        "answers": {state: states.count(state) for state in ("answered", "refused", "unparsable", "failed")},
        "actions": {action: actions.count(action) for action in ("skip", "watch", "like", "pass")},
        "spent_usd": "1.25",
        "seconds": 42.0,
        "possibly_paid": 0,
    }
    return {"type": "end", "at": 9.0, "reason": "complete", "totals": totals}


def record(persona: str, **spec: Any) -> dict[str, Any]:
    """A session.json."""
    return {
        "schema_version": 1,
        "spec": {"model": "vllm/one", "persona": persona, "videos": 12, "environment": "simulated", "protocol": "feed", "seed": 3, **spec},
        "persona": {"name": persona, "text": f"You are the {persona}.", "target": {"HE": 1} if persona == "hedonist" else {}},
    }


def stage(runs: Path) -> Path:
    """`hedonist` and `default` over the same twelve clips, `deck`, and `human-ana-001`."""
    pictures = [frames(runs, number) for number in range(12)]
    for name, kinds in (("hedonist", KINDS), ("default", OTHERS)):
        events = [event for number, kind in enumerate(kinds) for event in step(number, kind, pictures[number])]
        write(runs / name, BEGUN, PROMPT, *events, ended(*kinds), record=record(name))
    item = {"caption": "Which of these is a value?", "options": ["1 = soup", "2 = benevolence", "3 = a chair"], "key": "2"}
    chosen = {"action": "pass", "watch_fraction": 0.0, "rating": 2, "reason": "it is one of the ten"}
    write(
        runs / "deck",
        BEGUN,
        shown(0, text=item, duration_s=0.0),
        answered(0, decision=chosen, raw='{"answer": 2}'),
        done(0, asked="pass", done="pass", watch_fraction=0.0, dwell_s=0.0),
        ended("pass"),
        record=record("default", environment="deck", protocol="likert"),
    )
    person = {"action": "like", "watch_fraction": 1.0, "rating": 4, "reason": ""}
    write(
        runs / "human-ana-001",
        BEGUN,
        {"type": "consent", "at": 0.1, "text": "I agree to take part."},
        shown(0, frames=pictures[0]),
        answered(0, stage="watch", decision=person, raw='{"likes": [4100.0], "left_ms": 11079.4}'),
        done(0),
        ended("like"),
        record=record("empty", model="human/ana", environment="browser"),
    )
    return runs


@asynccontextmanager
async def opened(browser: Browser, runs: Path, hash_: str = "", allow: tuple[str, ...] = (), **context: Any) -> AsyncIterator[Page]:
    """A page of the replay of `runs` in a real browser; ends with an assertion that nothing was thrown or logged, and nobody else asked.

    `allow`: words of messages that are meant to be there.
    """
    wrong: list[str] = []
    async with serve(create_app(open_library(runs))) as address:
        within = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **context})
        page = await within.new_page()
        page.on("pageerror", lambda error: wrong.append(f"thrown: {error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: None if request.url.startswith((address, "data:")) else wrong.append(f"asked {request.url}"))
        page.set_default_timeout(8000)
        await page.goto(f"{address}/{hash_}")
        await page.wait_for_selector("#page:not([aria-busy])")
        yield page
        await within.close()
    assert [each for each in wrong if not any(words in each for words in allow)] == []
