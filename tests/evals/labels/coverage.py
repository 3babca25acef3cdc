"""Do corrected slopes cover the truth? Noisy judges label the catalogue, people (who see the design) label a gold sample, and a planted
respondent's decisions are decomposed with the judges' labels as they are, and corrected.

    python -m tests.evals.labels.coverage 300
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from statistics import fmean

import numpy as np
import polars as pl

from agent.models.noisy_judge import Accuracy, noisy_code
from agent.models.planted import Parameters, decide
from environments.cache import default_cache_dir
from environments.canonical import rng
from environments.catalogue_feed import catalogue_items
from evals.labels.folding import CODES_SCHEMA
from evals.labels.gold import draw_sample
from evals.labels.scores import gold_means, judge_loadings
from evals.values.decompose import decompose
from evals.values.loadings import FloatArray, Loadings
from personas.schwartz import VALUES

JUDGES = {
    "first": Accuracy(sensitivity=0.7, specificity=0.92, shared=0.7),
    "second": Accuracy(sensitivity=0.6, specificity=0.88, shared=0.7),
    "third": Accuracy(sensitivity=0.75, specificity=0.9, shared=0.7),
}
WEIGHTS = {"HE": 1.0, "ST": 0.5, "TR": -0.8, "UN": -0.4}
TARGET = {"HE": 1.0}
PROCESS = Parameters(weights={}, interaction_sd=0.2, residual_sd=0.3)
STEERED = Parameters(weights=WEIGHTS, interaction_sd=0.2, residual_sd=0.3)


@dataclass(frozen=True)
class Bed:
    """The test bed: the catalogue's clips with their true loadings, as codes can say them."""

    items: tuple[str, ...]
    topics: tuple[str, ...]
    clusters: tuple[str | None, ...]
    x: FloatArray


@cache
def bed() -> Bed:
    """All clips of the catalogue."""
    items = catalogue_items(default_cache_dir())
    x = np.array([[max(-1, min(2, round(2 * (item.labels or {}).get(value, 0.0)))) / 2 for value in VALUES] for item in items])
    return Bed(tuple(item.id for item in items), tuple(item.topic or "" for item in items), tuple(item.cluster for item in items), x)


def codes_of(judge: str, accuracy: Accuracy, number: int) -> list[tuple[object, ...]]:
    """One judge's codes of all clips in two orders, of replication `number`."""
    found: list[tuple[object, ...]] = []
    for item, row in zip(bed().items, bed().x, strict=True):
        for k, value in enumerate(VALUES):
            together = rng("coverage", number, judge, item, value, "which").random() < accuracy.shared
            dice = rng("coverage", number, "all" if together else judge, item, value)
            first = noisy_code(row[k], accuracy, value, dice)
            second = noisy_code(row[k], accuracy, value, dice) if dice.random() < accuracy.wavering else first
            found += [(item, judge, "judge", cell, value, float(code), "", "") for cell, code in ((0, first), (1, second))]
    return found


def gold_codes(items: list[str]) -> list[tuple[object, ...]]:
    """Two people who say what the design says."""
    place = {item: row for row, item in enumerate(bed().items)}
    return [
        (item, who, "gold", 0, value, float(2 * bed().x[place[item], k]), "", "")
        for item in items
        for who in ("anna", "ben")
        for k, value in enumerate(VALUES)
    ]


def framed(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    """Rows of codes as the corpus has them."""
    types = dict.fromkeys(CODES_SCHEMA, pl.String) | {"cell": pl.Int32, "code": pl.Float32}
    return pl.DataFrame(rows, schema=types, orient="row")


def decisions(number: int) -> pl.DataFrame:
    """What a planted respondent, as itself and steered, likes: the latent liking, which is linear in the true loadings."""
    rows = []
    for item, cluster, x in zip(bed().items, bed().clusters, bed().x, strict=True):
        labels = dict(zip(VALUES, map(float, x), strict=True))
        for persona, process in (("default", PROCESS), ("steered", STEERED)):
            found = decide(labels, {}, process, respondent=persona, stimulus_id=f"{number}/{item}", seed=number)
            rows.append(
                {"respondent": persona, "model": "planted", "persona": persona, "item": item, "cluster": cluster, "y": found.latent}
            )
    return pl.DataFrame(rows).with_columns(pl.lit("liking").alias("channel"))


@dataclass(frozen=True)
class Slope:
    """One steering slope: naive or corrected, its value, how far it is off, whether its interval holds the truth."""

    corrected: bool
    value: str
    error: float
    covered: bool


def replication(number: int, size: int = 200) -> list[Slope]:
    """One study: judges, a gold sample of `size`, decisions, slopes with and without correction."""
    codes = framed([row for judge, accuracy in JUDGES.items() for row in codes_of(judge, accuracy, number)])
    judged = judge_loadings(codes, 2)
    topics = pl.DataFrame({"id": list(bed().items), "topic": list(bed().topics)})
    sample = draw_sample(judged.join(topics, on="id"), size, number).frame
    gold = gold_means(framed(gold_codes(sample["video"].to_list())))
    place = {item: row for row, item in enumerate(judged["id"].to_list())}
    people, inclusion = np.full((judged.height, len(VALUES)), np.nan), np.ones(judged.height)
    rows = [place[item] for item in gold["id"].to_list()]
    people[rows] = gold.select(VALUES).to_numpy()
    inclusion[rows] = gold.join(sample, left_on="id", right_on="video", maintain_order="left")["inclusion"].to_numpy()
    x, items = judged.select(VALUES).to_numpy(), tuple(judged["id"].to_list())
    told = decisions(number)
    found: list[Slope] = []
    for corrected in (False, True):
        labels = Loadings(
            items, VALUES, x, source="judges: three", gold=people if corrected else None, inclusion=inclusion if corrected else None
        )
        steered = decompose(told, labels, channel="liking").profiles.filter(pl.col("estimand") == "steering")
        for row in steered.iter_rows(named=True):
            truth = WEIGHTS.get(row["value"], 0.0)
            found.append(Slope(corrected, row["value"], row["estimate"] - truth, row["low"] <= truth <= row["high"]))
    return found


def summary(slopes: list[Slope], *, corrected: bool) -> dict[str, float]:
    """Mean coverage over all values and over planted ones, and the mean bias of planted slopes towards 0, as a share of the truth."""
    mine = [slope for slope in slopes if slope.corrected is corrected]
    planted = [slope for slope in mine if slope.value in WEIGHTS]
    return {
        "coverage": fmean(slope.covered for slope in mine),
        "planted_coverage": fmean(slope.covered for slope in planted),
        "attenuation": fmean(slope.error / WEIGHTS[slope.value] for slope in planted),
        "slopes": len(mine),
    }


def main() -> None:
    """Print the figures of as many replications as asked for."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    slopes = [slope for number in range(count) for slope in replication(number)]
    print(f"{count} replications, {len(bed().items)} clips, gold sample of 200")
    for corrected in (False, True):
        print(
            "corrected" if corrected else "naive", {name: round(figure, 4) for name, figure in summary(slopes, corrected=corrected).items()}
        )
    for value in VALUES:
        each = {c: [s for s in slopes if s.value == value and s.corrected is c] for c in (False, True)}
        bias = {c: fmean(s.error for s in each[c]) for c in each}
        told = {c: fmean(s.covered for s in each[c]) for c in each}
        ways = (("naive", False), ("corrected", True))
        print(value, f"truth {WEIGHTS.get(value, 0.0):+.1f}", *(f" {way} {bias[c]:+.3f} {told[c]:.3f}" for way, c in ways))


if __name__ == "__main__":
    main()
