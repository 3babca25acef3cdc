"""`python -m benchmarks.throughput [--peer-python PATH]`: decisions a second and bytes on disk, beside a bare loop and beside a peer.

A server in a process of its own answers each call after 100 ms; a call holds one JPEG of 65 KB; 64 calls are in flight.

    bare      the openai SDK in 64 tasks, the same words, schema and pictures; the answer's JSON is parsed, nothing is kept
    axiofeed  64 sessions at once: feed, prompts, checks, retries, trace and frame store; in one process, and in several
    inspect   Inspect AI, each decision a sample with its picture, its log written (`benchmarks/inspect_peer.py`)

All take turns, round by round, each time in fresh processes that are timed when all of them stand ready.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import multiprocessing
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

from benchmarks.slow_server import slow_server

IN_FLIGHT = 64
FRAME_BYTES = 65_000
PASSES = 2
"""Sessions that each place in flight does, one after the other."""
PEER = Path(__file__).with_name("inspect_peer.py")


@dataclass(frozen=True)
class Job:
    """What one process does: `sessions` at once with `videos` decisions each, over the recorded feed `feed`, kept in `runs`."""

    url: str
    feed: Path
    runs: Path
    sessions: int
    videos: int
    number: int = 0


@dataclass(frozen=True)
class Timed:
    """When a process began and ended (the machine's clock, seconds), and the processor time it took, seconds."""

    began: float
    ended: float
    cpu_s: float


@dataclass(frozen=True)
class Figures:
    """Of one round: decisions a second, and milliseconds of processor time a decision in the measured processes."""

    per_second: float
    cpu_ms: float


def picture(number: int) -> bytes:
    """A JPEG of about 65 KB, another one for each number."""
    from PIL import Image  # noqa: PLC0415

    out = BytesIO()
    noise = Image.effect_noise((360, 640), 35 + number % 5).convert("RGB")
    noise.save(out, "JPEG", quality=75)
    low, high = 20, 95
    while low < high:  # the quality whose size is nearest from below
        middle = (low + high + 1) // 2
        out = BytesIO()
        noise.save(out, "JPEG", quality=middle)
        low, high = (middle, high) if len(out.getvalue()) <= FRAME_BYTES else (low, middle - 1)
    out = BytesIO()
    noise.save(out, "JPEG", quality=low)
    return out.getvalue()


async def record_feed(folder: Path, videos: int) -> None:
    """A recorded feed of `videos` stimuli with a picture each."""
    from environments.base import Frame, Stimulus, StimulusText  # noqa: PLC0415
    from environments.recorded.writing import FeedWriter  # noqa: PLC0415

    writer = FeedWriter(folder, None)
    for number in range(videos):
        frames = (Frame.of(picture(number), 5.0),)
        text = StimulusText(f"caption number {number}", "someone", ("tag",))
        writer.write(Stimulus(f"clip-{number:04}", number, frames, text, 10.0, "benchmark"), None)
    writer.close()


def bare(job: Job) -> None:
    """The loop that somebody writes first: the SDK, the words, the pictures, `json.loads`."""
    asyncio.run(_bare(job))


async def _bare(job: Job) -> None:
    from openai import AsyncOpenAI  # noqa: PLC0415

    pictures = [path.read_bytes() for path in sorted(job.feed.rglob("*.jpg"))]
    system, user, schema = _words()
    form: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}

    async def decide(client: AsyncOpenAI, number: int) -> None:
        image = base64.b64encode(pictures[number % len(pictures)]).decode()
        content: Any = [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{image}"}},
            {"type": "text", "text": user},
        ]
        completion = await client.chat.completions.create(
            model="benchmark",
            messages=[{"role": "system", "content": system}, {"role": "user", "content": content}],
            response_format=form,
            max_tokens=500,
            seed=number,
        )
        json.loads(completion.choices[0].message.content or "")

    async def session(client: AsyncOpenAI) -> None:
        for number in range(PASSES * job.videos):
            await decide(client, number)

    async with AsyncOpenAI(api_key="none", base_url=job.url, max_retries=0) as client:
        await asyncio.gather(*(session(client) for _ in range(job.sessions)))


def _words() -> tuple[str, str, dict[str, object]]:
    """The persona's words, a question as a session would ask it, and its schema."""
    from agent.protocols.registry import make_protocol  # noqa: PLC0415
    from personas.persona import load_persona  # noqa: PLC0415

    template = make_protocol("feed").template("feed", 0)
    slots = {"persona": load_persona("default").text(0), "post": 'caption: "caption number 7"', "memory": "", "frames": "1 frame"}
    system, user = template.render(slots)
    return system, user, template.schema


def axiofeed(job: Job) -> None:
    """The same number of decisions, as sessions."""
    asyncio.run(_axiofeed(job))


async def _axiofeed(job: Job) -> None:
    from agent.models.registry import ModelOptions, make_model  # noqa: PLC0415
    from agent.session import SessionResult, arun_session  # noqa: PLC0415
    from agent.spec import SessionSpec  # noqa: PLC0415

    def spec(seed: int) -> SessionSpec:
        return SessionSpec(
            model="compatible/benchmark",
            base_url=job.url,
            model_options={"concurrency": str(job.sessions)},
            environment="recorded",
            feed=str(job.feed),
            frames=1,
            videos=job.videos,
            seed=seed,
        )

    async def place(number: int) -> list[SessionResult]:
        seeds = [PASSES * number + again for again in range(PASSES)]
        return [await arun_session(spec(seed), runs=job.runs, session=f"s{seed:05}", model=model) for seed in seeds]

    numbers = range(job.number * job.sessions, (job.number + 1) * job.sessions)
    model = make_model("compatible/benchmark", ModelOptions(job.url, extra={"concurrency": str(job.sessions)}))
    try:
        results = [result for each in await asyncio.gather(*map(place, numbers)) for result in each]
    finally:
        await model.close()
    wrong = [result for result in results if result.reason != "complete" or result.totals["answers"]["answered"] != job.videos]
    if wrong:
        raise RuntimeError(f"{len(wrong)} sessions did not end well: {wrong[0].detail or wrong[0].totals}")


WORK: dict[str, Callable[[Job], None]] = {"bare": bare, "axiofeed": axiofeed}
_ready: Barrier | None = None


def _stand_ready(barrier: Barrier) -> None:
    global _ready  # noqa: PLW0603 - a process of the pool knows the barrier from its start
    _ready = barrier


def _timed(kind: str, job: Job) -> Timed:
    """Do a small job first, so that everything is imported; then wait for the others, and do the real one."""
    with tempfile.TemporaryDirectory() as runs:
        WORK[kind](replace(job, runs=Path(runs), sessions=2, videos=1))
    if kind == "axiofeed":
        from agent.experiments.worker import collect_rarely  # noqa: PLC0415

        collect_rarely()  # as the processes of a sweep do
    assert _ready is not None
    _ready.wait()
    began, cpu = time.monotonic(), time.process_time()
    WORK[kind](job)
    return Timed(began, time.monotonic(), time.process_time() - cpu)


def measure(kind: str, job: Job, processes: int) -> Figures:
    """One round of `kind`, its sessions shared out among `processes`."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        barrier = manager.Barrier(processes)
        with ProcessPoolExecutor(processes, context, _stand_ready, (barrier,)) as pool:
            share = job.sessions // processes
            parts = [pool.submit(_timed, kind, replace(job, sessions=share, number=number)) for number in range(processes)]
            timed = [part.result() for part in parts]
    decisions = share * processes * job.videos * PASSES
    took = max(one.ended for one in timed) - min(one.began for one in timed)
    return Figures(decisions / took, 1000 * sum(one.cpu_s for one in timed) / decisions)


def measure_peer(python: str, job: Job) -> tuple[Figures, dict[str, object]]:
    """One round of the peer, and what it says of itself: `seconds`, `cpu_s`, `version`, `log_bytes`."""
    count = str(job.sessions * job.videos)
    words = job.runs.with_suffix(".words.json")
    words.write_text(json.dumps(dict(zip(("system", "user", "schema"), _words(), strict=True))), encoding="utf-8")
    command = [python, str(PEER), job.url, str(job.feed), str(job.runs), count, str(IN_FLIGHT), str(words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the peer failed: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}")
    said: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return Figures(int(count) / float(str(said["seconds"])), 1000 * float(str(said["cpu_s"])) / int(count)), said


def bytes_on_disk(folder: Path) -> tuple[int, int]:
    """Bytes of all files in `folder`: those of frames, and all others."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    frames = sum(path.stat().st_size for path in files if path.suffix == ".jpg")
    return frames, sum(path.stat().st_size for path in files) - frames


def _spread(rounds: Sequence[Figures]) -> dict[str, object]:
    speeds = [one.per_second for one in rounds]
    return {
        "decisions_per_second": {"min": round(min(speeds), 1), "median": round(statistics.median(speeds), 1), "max": round(max(speeds), 1)},
        "cpu_ms_per_decision": round(statistics.median(one.cpu_ms for one in rounds), 3),
    }


def run(options: argparse.Namespace, scratch: Path) -> dict[str, object]:
    """All rounds, as one JSON-able report. Ratios are medians over rounds of the ratio to the bare loop of the same round."""
    feed = scratch / "feed"
    asyncio.run(record_feed(feed, options.videos))
    sides = [("bare", 1), ("axiofeed", 1), ("axiofeed", options.processes), ("bare", options.processes)]
    rounds: dict[str, list[Figures]] = {}
    disk: dict[str, object] = {}
    with slow_server() as url:
        for turn in range(options.rounds):
            for kind, processes in sides:
                job = Job(url, feed, scratch / f"{turn}-{kind}-{processes}", options.sessions, options.videos)
                rounds.setdefault(f"{kind}, {processes} process(es)", []).append(measure(kind, job, processes))
                if kind == "axiofeed":
                    disk["axiofeed"] = _on_disk(*bytes_on_disk(job.runs), PASSES * job.sessions * job.videos)
                shutil.rmtree(job.runs, ignore_errors=True)
            if options.peer_python:
                job = Job(url, feed, scratch / f"{turn}-peer", options.peer_decisions // options.videos, options.videos)
                figures, said = measure_peer(options.peer_python, job)
                rounds.setdefault(f"inspect_ai {said['version']}", []).append(figures)
                disk["inspect_ai"] = _on_disk(0, int(str(said["log_bytes"])), job.sessions * job.videos)
                shutil.rmtree(job.runs)
    first = rounds["bare, 1 process(es)"]
    ratios = {
        name: round(statistics.median(one.per_second / b.per_second for one, b in zip(some, first, strict=True)), 3)
        for name, some in rounds.items()
    }
    report: dict[str, object] = {name: _spread(some) | {"ratio_to_bare": ratios[name]} for name, some in rounds.items()}
    if not options.peer_python:
        report["inspect_ai"] = "not measured: give --peer-python, a Python in which inspect-ai and openai are installed"
    return report | {"disk": disk, "versions": _versions(), "frame_bytes": FRAME_BYTES, "in_flight": options.sessions, **_sizes(options)}


def _on_disk(frames: int, others: int, decisions: int) -> dict[str, int]:
    return {
        "bytes_per_decision": round((frames + others) / decisions),
        "of_which_frames": round(frames / decisions),
        "of_which_records": round(others / decisions),
    }


def _sizes(options: argparse.Namespace) -> dict[str, object]:
    return {"decisions": PASSES * options.sessions * options.videos, "rounds": options.rounds}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("openai", "langgraph", "pydantic")}


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput", description="Decisions a second, beside a bare loop and a peer."
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=IN_FLIGHT, help="calls in flight")
    parser.add_argument("--videos", type=int, default=40, help="decisions a session")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--peer-python", help="a Python with inspect-ai and openai (dependency group `peers`)")
    parser.add_argument("--peer-decisions", type=int, default=400, help="fewer, because they take longer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(run(options, Path(scratch)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
