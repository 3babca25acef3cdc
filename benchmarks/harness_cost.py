"""`python -m benchmarks.harness_cost`: milliseconds a decision that the harness adds, and the start-up time of the command line.

The model is scripted and answers at once; the frames are sampled before the clock starts, three a clip of about
50 KB (the catalogue's have 32 KB at the median). What remains is the graph, the prompt, the trace and the frame store.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from io import BytesIO
from pathlib import Path

from agent.browsing import Browsing
from agent.models.registry import make_model
from agent.protocols.registry import make_protocol
from agent.session import drive
from agent.spec import Limits, SessionSpec
from agent.trace.recorder import Recorder
from environments.base import Action, ActionKind, Frame, Outcome, PastStep, Stimulus, StimulusText
from personas.persona import load_persona

DECISIONS = 1000
RUNS = 5
MEMORY = Path("/dev/shm")
"""A file system in memory, where there is one: what the disk adds is the difference."""


class SampledFeed:
    """A feed whose frames are already in memory; each clip has pictures of its own, as in a real feed."""

    problems = ()
    fingerprint = None
    total = None

    def __init__(self, clips: int, frames: int) -> None:
        self._stimuli = [_stimulus(number, frames) for number in range(clips)]
        self._position = 0

    async def open(self, history: Sequence[PastStep] = (), gone: Collection[str] = ()) -> None:
        self._position = len(history)

    async def observe(self) -> Stimulus | None:
        return self._stimuli[self._position] if self._position < len(self._stimuli) else None

    async def act(self, action: Action) -> Outcome:
        self._position += 1
        return Outcome(action.kind is ActionKind.LIKE, True, action.watch_fraction * 10)

    async def close(self) -> None:
        return None


def _stimulus(number: int, frames: int) -> Stimulus:
    from PIL import Image  # noqa: PLC0415

    pictures = []
    for k in range(frames):
        out = BytesIO()
        Image.effect_noise((72, 128), 60 + k).resize((360, 640)).convert("RGB").save(out, "JPEG", quality=80)
        pictures.append(Frame.of(out.getvalue(), float(k)))
    return Stimulus(
        f"clip-{number}", number, tuple(pictures), StimulusText(f"caption number {number}", "someone", ("tag",)), 10.0, "benchmark"
    )


def harness_ms(decisions: int, where: Path | None = None) -> float:
    """Milliseconds a decision, over one session of `decisions` clips with 3 frames each, kept in `where` (None: the temporary folder)."""
    spec = SessionSpec(model="scripted/like", videos=decisions)
    feed = SampledFeed(decisions, spec.frames)
    with tempfile.TemporaryDirectory(dir=where) as runs:
        folder = Path(runs) / "session"
        folder.mkdir()
        recorder = Recorder(folder)
        agent = Browsing(spec, Limits(), load_persona(spec.persona), make_model(spec.model), make_protocol(spec.protocol), feed, recorder)
        recorder.begin("benchmark", {})
        begun = time.perf_counter()
        asyncio.run(drive(agent))
        took = time.perf_counter() - begun
        assert recorder.progress.steps == decisions
        recorder.close()
    return 1000 * took / decisions


def help_s() -> float:
    """Seconds of `python -m agent.browse --help`, as a whole process."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "agent.browse", "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _figures(values: Sequence[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(statistics.median(values), 3), "max": round(max(values), 3), "runs": len(values)}


def main() -> int:
    """Measure and print one JSON object."""
    harness_ms(50)
    figures = {
        "harness_ms_per_decision_on_this_disk": _figures([harness_ms(DECISIONS // RUNS) for _ in range(RUNS)]),
        "browse_help_s": _figures([help_s() for _ in range(RUNS)]),
    }
    if MEMORY.is_dir():
        figures["harness_ms_per_decision_in_memory"] = _figures([harness_ms(DECISIONS // RUNS, MEMORY) for _ in range(RUNS)])
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
