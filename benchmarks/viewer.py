"""`python -m benchmarks.viewer`: how fast the replay viewer opens 1,000 sessions of 100 steps, and what memory it takes.

The experiment is generated: 20 personas × 10 models × 5 wordings over the same 100 clips, and four sessions of 2,000 steps; about 1.6 KB
of trace a step, 3 pictures a clip. One session in 50 is still running, one in 40 has calls that failed. The server is a process of its
own; times are those of a client on this machine. With `--chromium` the page is timed too, in a real browser: from the beginning of the
navigation until the table is painted, from leaving the table until a session is painted with its picture and list, and more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from agent.protocols.base import AnswerState
from agent.protocols.registry import make_protocol
from agent.spec import SessionSpec
from agent.trace.events import (
    ActionEvent,
    AnswerEvent,
    AskEvent,
    DecisionRecord,
    EndEvent,
    FrameRef,
    PromptEvent,
    SessionEvent,
    StimulusEvent,
    TokenUsage,
)
from agent.trace.frames import FrameStore
from agent.trace.progress import Progress
from benchmarks.viewer_page import page_times
from environments.base import ActionKind, Frame
from personas.schwartz import VALUES

PERSONAS, MODELS, WORDINGS, STEPS, FRAMES = 20, 10, 5, 100, 3
LONG, LONG_STEPS = 4, 2_000
VARIED = ("persona", "model", "paraphrase")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/")


def make_experiment(folder: Path, sessions: int) -> None:
    """Write an experiment of `sessions` sessions into `folder`, in the form a sweep leaves."""
    folder.mkdir(parents=True)
    pictures = _pictures(folder)
    stimuli = [_stimulus(step, pictures) for step in range(LONG_STEPS)]
    planned = []
    for number in range(sessions):
        spec = SessionSpec(
            persona=f"persona-{number % PERSONAS:02d}",
            model=f"vllm/model-{number // PERSONAS % MODELS}",
            paraphrase=number // (PERSONAS * MODELS) % WORDINGS,
            videos=STEPS,
        )
        name = f"{spec.persona}-model-{number // PERSONAS % MODELS}-p{spec.paraphrase}-{number:04d}"
        _write_session(folder / name, spec, stimuli[:STEPS], number)
        planned.append({"name": name, "spec_hash": f"{number:064x}", **{field: getattr(spec, field) for field in VARIED}})
    for number in range(LONG):
        _write_session(
            folder / f"long-{number}", SessionSpec(persona=f"persona-{number:02d}", videos=LONG_STEPS), stimuli, sessions + number
        )
    base = SessionSpec(videos=STEPS).model_dump(mode="json")
    constants = {name: value for name, value in base.items() if name not in VARIED}
    variables = {field: sorted({str(each[field]) for each in planned}) for field in VARIED}
    plan = {"schema_version": 1, "name": folder.name, "constants": constants, "variables": variables, "sessions": planned}
    (folder / "experiment.json").write_text(json.dumps(plan), encoding="utf-8")


def _pictures(folder: Path) -> list[tuple[FrameRef, ...]]:
    """The pictures of the clips, put into the store."""
    from PIL import Image  # noqa: PLC0415

    store, found = FrameStore(folder), []
    for _ in range(STEPS):
        refs = []
        for k in range(FRAMES):
            out = BytesIO()
            Image.effect_noise((45, 80), 60 + k).resize((360, 640)).convert("RGB").save(out, "JPEG", quality=80)
            frame = Frame.of(out.getvalue(), 2.0 * k)
            store.put(frame)
            refs.append(FrameRef(sha256=frame.sha256, t=frame.t))
        found.append(tuple(refs))
    return found


def _stimulus(step: int, pictures: list[tuple[FrameRef, ...]]) -> bytes:
    """The line of a clip."""
    text = {
        "caption": f"clip number {step}: a walk by the sea before anybody is up, and what came of it",
        "author": f"author.{step % 30}",
    }
    event = StimulusEvent(
        step=step,
        id=f"clip-{step:03d}",
        frames=pictures[step % STEPS],
        text={**text, "hashtags": ["sea", "morning"], "sound": "original sound"},
        duration_s=12.0,
        source="benchmark",
        labels={VALUES[step % 10]: 1.0},
        labels_source="design",
    )
    return _line(event)


def _line(event: Any) -> bytes:
    return bytes(event.model_dump_json(exclude_none=True), "utf-8") + b"\n"


def _write_session(folder: Path, spec: SessionSpec, stimuli: list[bytes], number: int) -> None:
    folder.mkdir()
    persona = {
        "name": spec.persona,
        "kind": "persona",
        "text": "You are somebody. " * 20,
        "target": {"HE": 1.0},
        "paraphrase": spec.paraphrase,
    }
    record = {"schema_version": 1, "spec": spec.model_dump(mode="json"), "persona": persona, "created_at": 1.7e9 + number, "versions": {}}
    (folder / "session.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    progress, lines = Progress(), []
    for event, line in _events(stimuli, number):
        progress.apply(event)
        lines.append(line)
    if number % 50 == 7:
        lines = lines[: -len(lines) // 3]
    else:
        lines.append(_line(EndEvent(at=1.7e9 + 500, reason="complete", totals=progress.totals())))
    (folder / "trace.jsonl").write_bytes(b"".join(lines))


def _events(stimuli: list[bytes], number: int) -> Iterator[tuple[Any, bytes]]:
    """The events of a session, each with its line."""
    chance = random.Random(number)
    begun = SessionEvent(at=1.7e9, spec_hash=f"{number:064x}")
    yield begun, _line(begun)
    protocol = make_protocol("feed")
    told: set[int] = set()
    for step, line in enumerate(stimuli):
        yield StimulusEvent.model_validate_json(line), line
        template = protocol.template("feed", cell := step % 6)
        if cell not in told:
            told.add(cell)
            words = PromptEvent(
                hash=template.hash, stage="feed", cell=cell, system=template.system, user=template.user, answer_schema=template.schema
            )
            yield words, _line(words)
        ask = AskEvent(at=1.7e9 + step, step=step, stage="feed", attempt=0, cell=cell, prompt=template.hash, seed=number * 1000 + step)
        yield ask, _line(ask)
        kind = chance.choice((ActionKind.SKIP, ActionKind.WATCH, ActionKind.LIKE))
        answer = _answer(step, kind, chance, failed=number % 40 == 3 and chance.random() < 0.2)
        yield answer, _line(answer)
        done = ActionKind.PASS if answer.decision is None else kind
        action = ActionEvent(at=1.7e9 + step + 1, step=step, asked=done, watch_fraction=0.5, done=done, advanced=True, dwell_s=6.0)
        yield action, _line(action)


def _answer(step: int, kind: ActionKind, chance: random.Random, *, failed: bool) -> AnswerEvent:
    if failed:
        why = chance.choice(("the server answered 500: out of memory", "no answer within 120 s", "the connection was dropped"))
        return AnswerEvent(step=step, stage="feed", attempt=0, outcome=AnswerState.FAILED, final=True, error=why, cost_usd=Decimal(0))
    rating, reason = (
        chance.randrange(6),
        f"It is {chance.choice(('calm', 'loud', 'warm', 'dull'))}, and that is {chance.random():.3f} of it. " * 3,
    )
    decision = DecisionRecord(action=kind, watch_fraction=0.5, rating=rating, reason=reason)
    return AnswerEvent(
        at=1.7e9 + step + 0.5,
        step=step,
        stage="feed",
        attempt=0,
        outcome=AnswerState.ANSWERED,
        final=True,
        decision=decision,
        raw=decision.model_dump_json(exclude_none=True),
        usage=TokenUsage(input=1500, output=90),
        cost_usd=Decimal("0.00042"),
        latency_s=chance.uniform(0.4, 3.0),
        model_version="model-2026",
    )


class Client:
    """What a page asks of the server, with the time it takes."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str) -> tuple[float, bytes]:
        """Seconds, and what came."""
        begun = time.perf_counter()
        with urllib.request.urlopen(self._address + path) as answer:
            data = answer.read()
        return time.perf_counter() - begun, data


def measure(runs: Path, chromium: str | None) -> dict[str, Any]:
    """Seconds and megabytes of one server over `runs`."""
    begun = time.perf_counter()
    server = subprocess.Popen([sys.executable, "-m", "agent.replay", str(runs), "--no-open"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None, "it is piped"
        found = _ADDRESS.search(server.stdout.readline())
        assert found, "the server says where it is"
        started, client = time.perf_counter() - begun, Client(found[0])
        figures: dict[str, Any] = {"start_s": started}
        first, page = client.get("")
        figures["first_view_s"], table = client.get("api/experiment")
        figures["first_view_s"] += first
        figures["table_kb"], figures["again_s"] = len(table) / 1e3, client.get("api/experiment")[0]
        assert page, "there is a page"
        names = [each["name"] for each in json.loads(table)["sessions"]]
        figures |= _walk(client, names)
        if chromium:
            figures |= asyncio.run(page_times(found[0], chromium, names))
        figures["most_memory_mb"] = _most_memory_mb(server.pid)
        return figures
    finally:
        server.terminate()
        server.wait(10)


def _walk(client: Client, names: list[str]) -> dict[str, Any]:
    """Every session opened once, steps and comparisons among them."""
    opened = [client.get(f"api/session/{name}")[0] for name in names]
    steps = [client.get(f"api/session/{name}/step/{number % STEPS}")[0] for number, name in enumerate(names[::7])]
    long = [name for name in names if name.startswith("long-")]
    short = [name for name in names if name not in long]
    lengths = dict(zip(names, opened, strict=True))
    return {
        "open_median_s": median(opened),
        "open_most_s": max(opened),
        "open_long_most_s": max(lengths[name] for name in long),
        "step_median_s": median(steps),
        "step_most_s": max(steps),
        "compare_8_s": client.get(f"api/compare?sessions={','.join(short[:8])}")[0],
        "compare_long_s": client.get(f"api/compare?sessions={','.join(long)}")[0],
    }


def _most_memory_mb(pid: int) -> float:
    """The most memory that the process held, as Linux counts it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewer", description="Time and memory of the replay viewer.")
    parser.add_argument("--sessions", type=int, default=PERSONAS * MODELS * WORDINGS)
    parser.add_argument("--keep", type=Path, help="where to keep the experiment (default: it is removed); one that is there is used")
    parser.add_argument("--chromium", nargs="?", const=shutil.which("chromium"), help="a Chromium to time the page in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        runs = options.keep or Path(temporary) / "benchmark"
        if not runs.exists():
            make_experiment(runs, options.sessions)
        size = sum(path.stat().st_size for path in runs.glob("*/trace.jsonl"))
        print(f"{options.sessions} sessions × {STEPS} steps and {LONG} × {LONG_STEPS:,}, {size / 1e6:.0f} MB of traces")
        for name, value in measure(runs, options.chromium).items():
            print(f"{name:<26} {value:10.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
