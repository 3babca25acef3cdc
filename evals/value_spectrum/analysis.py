"""Everything about a run: scores beside estimator A and the published models, retest, ablation, breakdowns, induced preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import polars as pl

from evals.report.words import number, p_value, plural, signed
from evals.value_spectrum.ablation import ALL, NOTE, ablation, published_ablation
from evals.value_spectrum.beside import beside
from evals.value_spectrum.breakdown import DIMENSIONS, FEWEST, breakdown, compared, with_months
from evals.value_spectrum.induced import InducedFound, induced
from evals.value_spectrum.reading import FRAMES, Material, assigned, read_runs
from evals.value_spectrum.retest import retest
from evals.value_spectrum.scoring import OVERLAP, score
from evals.values.loadings import Loadings
from evals.values.tables import listed
from personas.errors import CorpusError, UserError
from personas.schwartz import VALUES

__all__ = ["Found", "analyse"]

ALWAYS = "These are value-consistent preferences under this elicitation, not values that a model holds."
CONTROL_NAMES = {
    "planted/": "planted/…: synthetic data, drawn from a formula; no model was asked.",
    "scripted/": "scripted/…: synthetic data, written beforehand; no model was asked.",
    "reader": "reader is the embedded baseline, which compares words; it is no vision-language model.",
}


@dataclass(frozen=True)
class Found:
    """What was found. Frames without rows where something was not asked; `induced` None where no persona browsed.

    scores     as `scoring.score`, of all images; `by_draw` the same with a column draw, where there are two
    beside     scores beside estimator A
    totals     one row a respondent: images, answer states, mean score, chi2, df, p
    """

    material: Material
    level: float
    assigned_by: str
    scores: pl.DataFrame = field(default_factory=pl.DataFrame)
    by_draw: pl.DataFrame = field(default_factory=pl.DataFrame)
    beside: pl.DataFrame = field(default_factory=pl.DataFrame)
    totals: pl.DataFrame = field(default_factory=pl.DataFrame)
    retest: pl.DataFrame = field(default_factory=pl.DataFrame)
    ablation: pl.DataFrame = field(default_factory=pl.DataFrame)
    breakdown: pl.DataFrame = field(default_factory=pl.DataFrame)
    compared: pl.DataFrame = field(default_factory=pl.DataFrame)
    induced: InducedFound | None = None
    conclusions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def analyse(
    paths: Sequence[str | Path],
    *,
    corpus: str | None = None,
    values: str | None = None,
    level: float = 0.95,
    seed: int = 0,
    draws: int = 2000,
) -> Found:
    """Everything about the sessions in these folders. `corpus`: where the months come from, and labels where the videos had none when
    they were asked about; `values`: see `reading.assigned`.

    Raises UserError.
    """
    material = _labelled(read_runs(paths), corpus)
    browsed = induced(material.phased, level=level, seed=seed) if material.phased else None
    images = material.shown(FRAMES)
    if images.is_empty():
        told = (*(browsed.conclusions if browsed else ()),)
        notes = (*(browsed.notes if browsed else ()), *material.problems)
        return Found(material, level, "", induced=browsed, conclusions=told, notes=notes)
    members, how = assigned(material, values)
    scores = score(images, members, level=level)
    by_draw = [
        score(images.filter(pl.col("draw") == number), members, level=level).with_columns(draw=pl.lit(number, pl.Int64))
        for number in images["draw"].unique().sort()
    ]
    both, about_a = beside(images, material.loadings, scores, level)
    again = retest(images, members, draws=draws, seed=seed, level=level)
    texts = ablation(material.decisions, members, level)
    months, about_months = _months(corpus, material)
    parts = breakdown(images, members, with_months(material.items, months), level)
    found = Found(
        material,
        level,
        how,
        scores=scores,
        by_draw=pl.concat(by_draw) if len(by_draw) > 1 else pl.DataFrame(),
        beside=both,
        totals=_totals(scores, images),
        retest=again,
        ablation=texts,
        breakdown=parts,
        compared=compared(parts),
        induced=browsed,
    )
    return _told(found, members, (*about_a, *about_months))


def _labelled(material: Material, corpus: str | None) -> Material:
    """With the corpus's loadings as they are now, where sessions met none: videos may be labelled after they were asked about."""
    if corpus is None or material.loadings is not None or material.decisions.is_empty():
        return material
    from environments.corpus.store import Corpus  # noqa: PLC0415 - LanceDB loads when used
    from evals.labels.corpus_loadings import loadings_of  # noqa: PLC0415

    try:
        found = loadings_of(Corpus.open(corpus))
    except CorpusError:
        raise
    except UserError:
        return material  # nothing is labelled there either: what that means, `assigned` says
    asked = set(material.items["item"])
    rows = [row for row, item in enumerate(found.items) if item in asked]
    if not rows:
        return material
    mine = Loadings(
        tuple(found.items[row] for row in rows),
        found.values,
        found.x[rows],
        sd=None if found.sd is None else found.sd[rows],
        source=found.source,
    )
    told = f"{len(rows)} of {len(asked)} videos had no labels when they were asked about: their labels are those of the corpus now."
    return replace(material, loadings=mine, problems=(*material.problems, told))


def _months(corpus: str | None, material: Material) -> tuple[dict[str, str] | None, list[str]]:
    """Months of posting by video, and a sentence where there are none."""
    if corpus is None:
        return None, ["Months are not known here: give --corpus, whose videos have dates."]
    from environments.corpus.store import Corpus  # noqa: PLC0415 - LanceDB loads when used

    rows = Corpus.open(corpus).table(["id", "posted"], where="posted IS NOT NULL")
    known = set(material.items["item"])
    found = {name: posted.strftime("%Y-%m") for name, posted in rows.iter_rows() if name in known}
    lacking = len(known) - len(found)
    return found, [f"{lacking} of {len(known)} videos have no date in the corpus and stand in no month."] if lacking else []


def _totals(scores: pl.DataFrame, images: pl.DataFrame) -> pl.DataFrame:
    """One row a respondent."""
    states = ("answered", "refused", "unparsable", "failed")
    counted = images.group_by("respondent").agg(
        pl.col("item").n_unique().alias("images"),
        *((pl.col("state") == state).sum().alias(state) for state in states),
        (100 * pl.col("y").filter(pl.col("state") == "answered").mean()).alias("yes_rate"),
    )
    tests = scores.group_by("respondent", maintain_order=True).agg(
        pl.col("score").mean().alias("mean_score"), pl.col("chi2").first(), pl.col("df").first(), pl.col("p").first()
    )
    return tests.join(counted, on="respondent", how="left", maintain_order="left").select(
        "respondent", "images", *states, "yes_rate", "mean_score", "chi2", "df", "p"
    )


def _told(found: Found, members: Loadings, notes: Sequence[str]) -> Found:
    """The conclusions and what to know."""
    said = [
        *_of_scores(found),
        *(_of_retest(found) if found.retest.height else ()),
        *(_of_ablation(found) if found.ablation.height else ()),
    ]
    said += _of_breakdown(found) if found.compared.height else []
    said += list(found.induced.conclusions) if found.induced else []
    named = sorted({text for start, text in CONTROL_NAMES.items() for name in found.totals["respondent"] if name.startswith(start)})
    missing = [code for code in VALUES if code not in members.values or not members.x[:, members.values.index(code)].any()]
    gaps = [f"No image stands for {listed(missing, 10)}."] if missing else []
    where = {
        "pool": "An image stands for the value that it was retrieved for; whether it carries it, only labels can say.",
        "labels": f"An image stands for each value that its labels say it promotes by at least 0.25 ({found.material.loadings.source})."
        if found.material.loadings
        else "",
    }[found.assigned_by]
    spent = found.material.cost_usd
    gaps += [f"{plural(found.material.sessions.height, 'session')}, {spent:.4f} USD at known prices."] if spent else []
    know = [ALWAYS, *named, where, OVERLAP, *gaps, *notes]
    know += [NOTE] if found.ablation.height else []
    know += list(found.induced.notes) if found.induced else []
    return replace(found, conclusions=tuple(said), notes=tuple(dict.fromkeys(each for each in (*know, *found.material.problems) if each)))


def _of_scores(found: Found) -> list[str]:
    tested = found.totals.filter(pl.col("p").is_not_null())
    same = tested.filter(pl.col("p") >= 0.05).height
    asked = plural(found.totals.height, "respondent")
    if tested.is_empty():
        return [
            f"{asked}: whether the values have different scores cannot be tested, since every answer was the same or too few were given."
        ]
    return [
        f"For {same} of {plural(tested.height, 'respondent')} the ten scores are compatible with one and the same rate of yes "
        "(homogeneity chi-square, p ≥ 0.05): a ranking of values would be one of noise there."
        if same
        else f"For {'all ' if tested.height > 1 else ''}{plural(tested.height, 'respondent')} the values do not have one and the same rate "
        "of yes (homogeneity chi-square, p < 0.05)."
    ]


def _of_retest(found: Found) -> list[str]:
    return [
        f"{row['respondent']}: the scores of two draws correlate {number(row['pearson'])} {_bounds(row, 'pearson', 2)} and lie "
        f"{number(row['apart'], 0)} points apart on average ({plural(row['in_both'], 'video')} in both draws)."
        for row in found.retest.filter(pl.col("pearson").is_not_null()).head(6).iter_rows(named=True)
    ]


def _of_ablation(found: Found) -> list[str]:
    whole = found.ablation.filter((pl.col("value") == ALL) & pl.col("difference").is_not_null())
    there = fmean(published_ablation()["difference"].to_list())
    return [
        f"{row['respondent']}: with its own description in the image's place the yes-rate changes by {signed(row['difference'], 0)} points "
        f"{_bounds(row, 'difference', 0)} ({plural(row['videos'], 'video')}, McNemar's exact p {_p(row['p'])}); the published models' by "
        f"{signed(there, 0)} on average."
        for row in whole.head(6).iter_rows(named=True)
    ]


def _bounds(row: Mapping[str, Any], name: str, digits: int) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "(no interval)" if low is None or high is None else f"[{number(low, digits)}, {number(high, digits)}]"


def _p(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def _of_breakdown(found: Found) -> list[str]:
    told = []
    for by in DIMENSIONS:
        own = found.compared.filter((pl.col("by") == by) & pl.col("p").is_not_null())
        if own.is_empty():
            few = found.compared.filter(pl.col("by") == by)
            told += [f"By {by}: too few videos to compare ({FEWEST} are wanted of each)."] if few.height else []
            continue
        hits = own.filter(pl.col("q") < 0.05).height
        told.append(f"By {by}: {hits} of {plural(own.height, 'comparison')} of rates differ (false discovery rate 5%).")
    return told
