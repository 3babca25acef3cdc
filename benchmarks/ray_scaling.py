"""`python -m benchmarks.ray_scaling`: CPU-bound sessions on one and on two Ray workers, on a local cluster of two CPUs.

A planted respondent answers within the process, so that what takes time is the work of a session itself: sampling and hashing frames, the
prompt, the graph, the trace. What is timed is the span from the first to the last line of all traces; workers start before it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from agent.experiments.plan import Plan, make_plan
from agent.experiments.ray_workers import RayCluster
from agent.experiments.running import Sweep

EXPERIMENT = """
name = "scaling"
[[cross]]
model = "{model}"
persona = ["default", "hedonist", "achiever", "traditionalist"]
videos = {videos}
cell = [0, 1, 2, 3, 4, 5]
repeats = {repeats}
[models."{model}"]
concurrency = 8
"""


def main() -> None:
    """Print decisions a second and the ratio; one JSON line at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="planted/persona", help="an embedded respondent")
    parser.add_argument("--videos", type=int, default=120, help="decisions of each of 24 sessions (default: 120)")
    parser.add_argument("--repeats", type=int, default=4, help="of the 24 sessions: what each worker decodes once weighs less (default: 4)")
    parser.add_argument("--rounds", type=int, default=3, help="of one and two workers in turn (default: 3)")
    options = parser.parse_args()
    rates: dict[int, list[float]] = {1: [], 2: []}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "scaling.toml"
        path.write_text(EXPERIMENT.format(model=options.model, videos=options.videos, repeats=options.repeats), encoding="utf-8")
        plan = make_plan(path)
        cluster = RayCluster(workers=2)
        try:
            _rate(plan, Path(place) / "warm", 2)  # renders what is not cached yet
            for number in range(options.rounds):
                for workers, found in rates.items():
                    found.append(_rate(plan, Path(place) / f"{number}-{workers}", workers))
        finally:
            cluster.close()
    ratios = [two / one for one, two in zip(rates[1], rates[2], strict=True)]
    for workers, found in rates.items():
        print(f"{workers} worker{'s' * (workers > 1)}: {statistics.median(found):7.1f} decisions/s ({min(found):.1f} to {max(found):.1f})")
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"load before it began: {load:.1f} on {os.cpu_count()} cores; it should be near 0")
    print(json.dumps({"decisions_per_s": rates, "ratios": ratios, "load": load, "cores": os.cpu_count(), "model": options.model}))


def _rate(plan: Plan, runs: Path, workers: int) -> float:
    """Decisions a second of one run."""
    sweep = Sweep(plan, runs, workers=workers, executor="ray")
    try:
        result = asyncio.run(sweep.run(lambda *_: None, lambda _: None))
    finally:
        sweep.close()
    assert not result.remaining, result.failures
    times = [time for trace in result.folder.glob("*/trace.jsonl") for time in _first_and_last(trace)]
    decisions: int = result.totals()["decisions"]
    return decisions / (max(times) - min(times))


def _first_and_last(trace: Path) -> list[float]:
    lines = trace.read_bytes().splitlines()
    events: list[dict[str, Any]] = [json.loads(lines[0]), json.loads(lines[-1])]
    return [float(event["at"]) for event in events]


if __name__ == "__main__":
    main()
