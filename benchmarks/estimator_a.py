"""`python -m benchmarks.estimator_a`: how long estimator A takes on a table of decisions, with bootstrap-t intervals (B = 2000).

Two tables: 30 respondents × 600 videos × 6 prompt cells, and 100 × 1,000 × 10 (a million decisions). Simulated ratings; a twentieth of the
videos come in pairs; with `--missing` every respondent has its own counts. The time is that of `decompose`: reading and checking the table,
panel, all estimands, all intervals, all wordings; wall clock, and of the processor, which other programs do not lengthen.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence

import numpy as np
import polars as pl

from evals.values.decompose import decompose
from evals.values.loadings import Loadings
from personas.schwartz import VALUES

SIZES = {"30 × 600 × 6": (30, 600, 6), "100 × 1000 × 10": (100, 1000, 10)}


def simulated(respondents: int, videos: int, cells: int, missing: float, seed: int = 0) -> tuple[pl.DataFrame, Loadings]:
    """A table of ratings of a default and of personas with one value each, a share of them refused, and the loadings."""
    rng = np.random.default_rng(seed)
    x = rng.choice([-1.0, 0.0, 1.0], (videos, len(VALUES)), p=[0.04, 0.85, 0.11])
    theta = np.zeros((respondents, len(VALUES)))
    theta[np.arange(1, respondents), np.arange(1, respondents) % len(VALUES)] = 1.0
    mean = 2.5 + theta @ x.T + rng.normal(0, 0.6, videos) + rng.normal(0, 0.57, (respondents, videos))
    y = np.clip(mean[:, :, None] + rng.normal(0, 0.2, cells) + rng.normal(0, 0.85, (respondents, videos, cells)), 0, 5).round()
    who, item, cell = (index.reshape(-1) for index in np.indices(y.shape))
    names = [f"m · persona {number}" if number else "m · default" for number in range(respondents)]
    pairs = [f"pair {number // 2}" if number < videos // 20 else None for number in range(videos)]
    refused = rng.random(y.size) < missing
    table = pl.DataFrame(
        {
            "respondent": np.array(names)[who],
            "model": "m",
            "persona": np.array(["default", *(f"persona {number}" for number in range(1, respondents))])[who],
            "item": np.array([f"video {number:04}" for number in range(videos)])[item],
            "cluster": pl.Series(pairs).gather(item),
            "cell": cell,
            "position": rng.permuted(np.broadcast_to(np.arange(videos * cells), (respondents, videos * cells)), axis=1).reshape(-1),
            "y": np.where(refused, np.nan, y.reshape(-1)),
            "state": np.where(refused, "refused", "answered"),
        }
    )
    return table, Loadings(tuple(f"video {number:04}" for number in range(videos)), VALUES, x)


def seconds(table: pl.DataFrame, loadings: Loadings) -> tuple[float, float]:
    """Of one decomposition: on the wall, and of the processor."""
    begun, processor = time.perf_counter(), time.process_time()
    found = decompose(table, loadings, interval="bootstrap-t", draws=2000)
    took = time.perf_counter() - begun, time.process_time() - processor
    assert found.profiles.height > 0
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimator_a", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each table (default: 3)")
    parser.add_argument("--missing", type=float, default=0.0, help="share of refused answers (default: 0)")
    options = parser.parse_args(arguments)
    figures = {}
    for name, size in SIZES.items():
        table, loadings = simulated(*size, missing=options.missing)
        taken = [seconds(table, loadings) for _ in range(options.runs)]
        wall, processor = zip(*taken, strict=True)
        figures[name] = {
            "decisions": table.height,
            "seconds": [round(each, 2) for each in wall],
            "median": round(statistics.median(wall), 2),
            "processor": round(statistics.median(processor), 2),
        }
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
