"""What people say of a random sample of the answers that judges judge: drawn once, kept with its inclusion probabilities, judged blind.

Strata are the respondents. The order in which a stratum's answers would be drawn follows from the seed, and strata are drawn from in turn,
so that none is much larger in the sample than another. In the sample's folder, `gold_sample.json` holds it, `RATER.jsonl` the verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from environments.canonical import derived_seed
from environments.catalogue.storing import write_whole
from evals.annotating.answers import read_annotations
from evals.annotating.desk import CardSource
from evals.annotating.form import Card, Field, Form
from evals.judging.judgements import Judgement, gather_pictures
from evals.judging.pictures import jpeg_of
from evals.judging.shares import GOLD
from evals.judging.verdicts import UNJUDGED, VERDICTS
from personas.errors import EnvironmentFailed, SpecError, StorageFailed, UserError
from personas.one_line import one_line

__all__ = [
    "SAMPLE",
    "GoldSample",
    "card_source",
    "draw_gold",
    "gold_folders",
    "gold_form",
    "outgrown",
    "people_said",
    "read_gold",
    "read_sample",
    "write_sample",
]

SAMPLE, FORMAT = "gold_sample.json", "axiofeed.judging.gold"
ADVISED = 300
_FIELD = "verdict"
_INSTRUCTIONS = """\
You are going to see questions, each with an answer that somebody gave. For each, say whether the answer is right.

Where there is a reference answer, an answer is right when it says the same in other words, or more that is also true. It is not right \
when it leaves out or contradicts what the reference says. An answer that declines is right only where the reference says that one should \
decline.

The quoted words were written by others. Nothing in them is addressed to you.

Choose with the mouse or with the keys 1 to 3. "Cannot tell" is for what cannot be decided from what is shown. Please decide for \
yourself. You may stop at any time: the same link takes you back to where you were."""


@dataclass(frozen=True)
class GoldSample:
    """rows: of each answer in the sample what is shown, its respondent, item, cluster, stratum, and `pi`, with which it was drawn."""

    seed: int
    rows: tuple[Mapping[str, Any], ...]

    @property
    def ids(self) -> list[str]:
        """Of the judgements."""
        return [str(row["judgement"]) for row in self.rows]


def draw_gold(answers: Sequence[Judgement], count: int, seed: int = 0) -> GoldSample:
    """A sample of `count` answers, or of all where there are fewer, stratified by respondent. A larger one contains a smaller one.

    Raises SpecError for a count below 1, UserError without answers.
    """
    if count < 1:
        raise SpecError(f"--sample takes a whole number from 1, not {count}")
    if not answers:
        raise UserError("there are no answers in words that people could judge")
    strata: dict[str, list[Judgement]] = {}
    for answer in sorted(answers, key=lambda each: (derived_seed("gold of judgements", seed, each.id), each.id)):
        strata.setdefault(answer.respondent, []).append(answer)
    turns = [(turn, name) for name, members in sorted(strata.items()) for turn in range(len(members))]
    taken = sorted(turns)[:count]
    drawn = {name: sum(each == name for _, each in taken) for name in strata}
    rows = [_row(strata[name][turn], name, drawn[name] / len(strata[name])) for turn, name in taken]
    return GoldSample(seed, tuple(rows))


def _row(answer: Judgement, stratum: str, pi: float) -> dict[str, Any]:
    return {
        "judgement": answer.id,
        "respondent": answer.respondent,
        "item": answer.item,
        "cluster": answer.about.get("cluster") or answer.item,
        "stratum": stratum,
        "pi": pi,
        "question": answer.question,
        "reference": answer.reference,
        "reasoning": answer.reasoning,
        "prediction": answer.prediction,
        "images": [str(image) for image in answer.images],
    }


def write_sample(sample: GoldSample, folder: Path) -> None:
    """Keep a sample, with copies of its pictures. Raises UserError where one is there, FeedError for a lacking picture, StorageFailed."""
    if (folder / SAMPLE).exists():
        raise UserError(f"a sample is drawn already in {one_line(str(folder), 200)}: leave out --sample, or give another --answers")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = gather_pictures([Path(image) for row in sample.rows for image in row["images"]], folder)
        rows = [dict(row) | {"images": [names[Path(image)] for image in row["images"]]} for row in sample.rows]
        text = json.dumps({"format": FORMAT, "seed": sample.seed, "sample": rows}, ensure_ascii=False, indent=1)
        write_whole(folder / SAMPLE, text.encode("utf-8", "replace"))
    except OSError as error:
        raise StorageFailed(f"cannot write to {one_line(str(folder), 200)}: {error.strerror}; make room, or mend the folder") from error


def read_sample(folder: Path) -> GoldSample:
    """The sample in a folder. Raises UserError where there is none."""
    try:
        data = json.loads((folder / SAMPLE).read_bytes())
        if data["format"] != FORMAT:
            raise KeyError("format")
        return GoldSample(int(data["seed"]), tuple(data["sample"]))
    except FileNotFoundError:
        raise UserError(f"no sample is drawn in {one_line(str(folder), 200)}: draw one with --sample {ADVISED}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{one_line(str(folder / SAMPLE), 200)} cannot be read as it was written; restore it") from None


def gold_folders(paths: Sequence[str | Path]) -> list[Path]:
    """The folders with a sample among `paths` and directly in them, each once."""
    found = [place.parent for path in map(Path, paths) for place in (path / SAMPLE, *sorted(path.glob(f"*/{SAMPLE}"))) if place.is_file()]
    return list(dict.fromkeys(place.resolve() for place in found))


def read_gold(folders: Sequence[Path]) -> pl.DataFrame:
    """What people said of the samples in `folders`, as rows of `evals.judging.verdicts.VERDICTS`: `judge` is person/RATER."""
    rows = []
    for folder in folders:
        sample = {str(row["judgement"]): row for row in read_sample(folder).rows}
        given = (each for each in read_annotations(folder).iter_rows(named=True) if each["item"] in sample and each.get(_FIELD) is not None)
        rows += [_said(sample[each["item"]], f"person/{each['rater']}", str(each[_FIELD])) for each in given]
    return pl.DataFrame(rows, schema=dict(VERDICTS)).unique(["judge", "judgement"], keep="last", maintain_order=True)


def outgrown(folders: Sequence[Path], verdicts: pl.DataFrame) -> list[str]:
    """Respondents that have more answers among `verdicts` than there were when the samples in `folders` were drawn from theirs."""
    who = dict(verdicts.select("judgement", "respondent").iter_rows())
    answers = dict(verdicts.group_by("respondent").agg(pl.col("judgement").n_unique()).iter_rows())
    there: dict[str, float] = {}
    for row in (row for folder in folders for row in read_sample(folder).rows):
        if (name := who.get(str(row["judgement"]))) is not None:
            there[name] = there.get(name, 0.0) + 1 / float(row["pi"])
    return sorted(name for name, count in there.items() if answers[name] > count + 0.5)


def people_said(people: pl.DataFrame) -> pl.DataFrame:
    """The mean of people's verdicts on each answer, as `evals.judging.shares.GOLD`; who could not tell is left out."""
    told = people.filter(pl.col("verdict").is_in(["true", "false"]))
    mean = (pl.col("verdict") == "true").cast(pl.Float64).mean()
    found = told.group_by("judgement", maintain_order=True).agg(mean.alias("gold"), pl.col("judge").n_unique().alias("raters"))
    return found.cast(GOLD)  # type: ignore[arg-type]


def gold_form() -> Form:
    """One question: right, not right, or cannot tell. Nothing is chosen beforehand."""
    options = (("true", "Right", ""), ("false", "Not right", ""), (UNJUDGED, "Cannot tell", "not from what is shown"))
    return Form("Is the answer right?", _INSTRUCTIONS, (Field(_FIELD, "The answer is", "scale", options),))


def card_source(sample: GoldSample, folder: Path) -> CardSource:
    """Loads a card when it is shown: question, reference, answer, pictures; not who answered, and no judge's verdict."""
    rows = {str(row["judgement"]): row for row in sample.rows}

    def load(name: str) -> Card:
        if name not in rows:
            raise EnvironmentFailed(f"the answer {one_line(name)!r} is not in the sample any more")
        row = rows[name]
        parts = (
            ("Question", "question"),
            ("Reference answer", "reference"),
            ("Reasoning behind it", "reasoning"),
            ("Answer", "prediction"),
        )
        texts = tuple((label, str(row[part])) for label, part in parts if str(row[part]).strip())
        return Card(name, "Is this answer right?", texts, tuple(jpeg_of(folder / image) for image in row["images"]))

    return load


def _said(row: Mapping[str, Any], judge: str, verdict: str) -> dict[str, Any]:
    return {
        "judge": judge,
        "model": judge,
        "cell": 0,
        "person": True,
        "kind": "open",
        "judgement": row["judgement"],
        "respondent": row["respondent"],
        "item": row["item"],
        "cluster": row["cluster"],
        "verdict": verdict,
        "state": "answered",
        "reason": "",
        "prediction": row["prediction"],
        "reference": row["reference"],
        "about": {},
    }
