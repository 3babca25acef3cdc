"""All that a score of judgements holds: tables by file name, conclusions, and what to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from evals.benchmark.report import Findings
from evals.judging.able import synthetic
from evals.judging.agreement import PEOPLE, agreement, reliability_of_people
from evals.judging.audits import MAY_BE_QUALITY, audits
from evals.judging.chosen import counting, idle
from evals.judging.gold import gold_folders, outgrown, people_said, read_gold
from evals.judging.judgements import BENCHMARK, CURATOR
from evals.judging.sections import RECIPES
from evals.judging.shares import share_true
from evals.judging.strengths import games_of, strengths
from evals.judging.verdicts import NOT_ASKED, UNJUDGED, read_judged
from evals.report.words import count, number, percent, plural
from evals.values.intervals import Interval
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["FILES", "Told", "analyse", "mapped"]

FILES = ("shares.csv", "strengths.csv", "agreement.csv", "audits.csv", "mapped.csv", "verdicts.csv")
"""The tables there can be."""
_KEPT = ("judge", "person", "kind", "respondent", "second", "item", "cluster", "verdict", "state", "reason", "option", "right", "judgement")
"""Columns of verdicts.csv."""
_KINDS = (
    ("open", "verdict", "verdicts"),
    ("pair", "verdict on a pair", "verdicts on pairs"),
    ("nearest", "reply mapped to an option or to none", "replies mapped to an option or to none"),
)
_TOLD = 12
"""Sentences of a kind in the conclusions; the tables hold all."""


@dataclass(frozen=True)
class Told:
    """What was judged: rows of models, rows of people, and how reliable the latter are."""

    judged: pl.DataFrame
    people: pl.DataFrame
    alpha: Interval | None
    ac1: Interval | None

    @property
    def verdicts(self) -> pl.DataFrame:
        """On single answers, by models and by people."""
        return pl.concat([self.judged.filter(pl.col("kind") == "open"), self.people])


def analyse(
    paths: Sequence[str | Path],
    gold: Sequence[str | Path] = (),
    families: Mapping[str, str] | None = None,
    *,
    judges: Sequence[str] = (),
    level: float = 0.95,
    seed: int = 0,
) -> Findings:
    """Score what judges said in the folders of runs, or of what holds such. `gold`: folders of samples judged by people besides those found
    among `paths`; `judges`: only these (`evals.judging.chosen.counting`). Raises UserError where there is nothing, SpecError for a judge
    that is not there."""
    judged, left = counting(read_judged(paths), judges)
    if judged.is_empty():
        raise UserError(f"there are no verdicts that count; {' '.join(left).rstrip('.')}")
    folders = gold_folders([*paths, *gold])
    people = read_gold(folders)
    if gold and people.is_empty():
        raise UserError(f"--gold: nobody has judged anything in {one_line(', '.join(map(str, gold)), 200)} yet")
    known = people.filter(pl.col("judgement").is_in(judged["judgement"].implode()))
    alpha, ac1 = reliability_of_people(known, level=level, seed=seed)
    told = Told(judged, known, alpha, ac1)
    said = people_said(known) if known.height else None
    open_ones, games = told.verdicts, games_of(judged)
    models = open_ones.filter(~pl.col("person"))
    tables = {
        "shares.csv": share_true(models, said, level=level, seed=seed) if models.height else models,
        "strengths.csv": strengths(games, level=level, seed=seed) if games.height else games,
        "agreement.csv": agreement(open_ones, level=level, seed=seed) if open_ones.height else open_ones,
        "audits.csv": audits(models, games, said, families, level=level, seed=seed),
        "mapped.csv": mapped(judged),
        "verdicts.csv": _rows(pl.concat([judged, known])),
    }
    there = {name: tables[name] for name in FILES if tables[name].height}
    bulky = frozenset({"verdicts.csv"})
    notes = left + _notes(told, there, people.height - known.height, level) + _note_on_sample(outgrown(folders, models))
    found = (*_synthetic(judged), *_conclusions(there))
    return Findings(BENCHMARK, _title(judged), found, notes, there, RECIPES, known=FILES, bulky=bulky)


def _title(judged: pl.DataFrame) -> str:
    """Who gave how many verdicts of each kind; the wordings of one judge are one judge."""
    told = []
    for kind, one, many in _KINDS:
        own = judged.filter(pl.col("kind") == kind)
        if own.is_empty():
            continue
        judges, wordings = own["judge"].str.replace(r" · wording \d+$", "").n_unique(), own["cell"].n_unique()
        decided = own.filter(pl.col("verdict") != UNJUDGED).height
        told.append(f"{plural(judges, 'judge')}{f' in {wordings} wordings' if wordings > 1 else ''}, {plural(decided, one, many)}")
    return f"Judgements: {'; '.join(told)}"


def _synthetic(judged: pl.DataFrame) -> tuple[str, ...]:
    """What a reader has to know before any figure."""
    abouts = judged["about"].to_list()
    answering = [about[name] for about in abouts for name in ("answered_by", "first_by", "second_by") if name in about]
    curated = any(about.get(CURATOR) == "scripted-curator" for about in abouts)
    told = synthetic(answering, judged["judge"].str.replace(r" · wording \d+$", "").unique(), curated=curated)
    return () if told is None else (told,)


def mapped(judged: pl.DataFrame) -> pl.DataFrame:
    """One row a judge and respondent: replies that no rule could map, of these mapped, none (of the options) and unjudged; and of the
    mapped, with a key, how many are right. They are no answers by rule, and are in no score."""
    rows = judged.filter(pl.col("kind") == "nearest")
    if rows.is_empty():
        return pl.DataFrame()
    details = _rows(rows)
    is_mapped = pl.col("option").is_not_null()
    return details.group_by("judge", "respondent", maintain_order=True).agg(
        pl.len().alias("replies"),
        is_mapped.sum().alias("mapped"),
        (pl.col("verdict") == "none").sum().alias("none"),
        (pl.col("verdict") == UNJUDGED).sum().alias("unjudged"),
        (is_mapped & pl.col("right").is_not_null()).sum().alias("with_key"),
        pl.col("right").sum().alias("right"),
    )


def _rows(judged: pl.DataFrame) -> pl.DataFrame:
    """Every judgement as a row: `second` of a pair, `option` (in the benchmark's order) and `right` of a reply that was mapped."""
    second, options, rights = [], [], []
    for row in judged.iter_rows(named=True):
        about = row["about"]
        place = int(row["verdict"]) if row["kind"] == "nearest" and row["verdict"].isdecimal() else None
        order, keys = about.get("shown_order", "").split(), about.get("key_places", "").split()
        second.append(about.get("second_by"))
        options.append(int(order[place]) if place is not None and place < len(order) else None)
        rights.append(str(place) in keys if place is not None and keys else None)
    more = (
        pl.Series("second", second, pl.String),
        pl.Series("option", options, pl.Int64),
        pl.Series("right", rights, pl.Boolean),
    )
    return judged.drop("about").with_columns(*more).select(_KEPT)


def _conclusions(tables: Mapping[str, pl.DataFrame]) -> tuple[str, ...]:
    found: list[str] = []
    if "shares.csv" in tables:
        found += [_share(row) for row in tables["shares.csv"].head(_TOLD).iter_rows(named=True)]
    if "agreement.csv" in tables:
        with_people = tables["agreement.csv"].filter(pl.col("second") == PEOPLE)
        found += [
            f"{row['first']} agrees with people on {percent(row['agree'])}{_range(row, 'agree')} of {plural(row['both'], 'answer')} "
            f"(Gwet's AC1 {number(row['ac1'])})."
            for row in with_people.head(_TOLD).iter_rows(named=True)
        ]
    if "strengths.csv" in tables:
        best = tables["strengths.csv"].filter((pl.col("rank") == 1) & (pl.col("games") > 0)).head(_TOLD)
        found += [
            f"Of pairs judged by {row['judge']}, {row['respondent']} is the strongest (rank {_ranks(row)}; {percent(row['win_share'])} of "
            f"{plural(row['games'], 'game')})."
            for row in best.iter_rows(named=True)
        ]
    if "audits.csv" in tables:
        swayed = tables["audits.csv"].filter(pl.col("beyond") & ~pl.col("measure").is_in(list(MAY_BE_QUALITY)))
        found += [
            f"Audit of {row['judge']}, {row['audit']} ({row['of']}): {row['measure']} {number(row['estimate'])}"
            f" [{number(row['estimate_low'])}, {number(row['estimate_high'])}]."
            for row in swayed.head(_TOLD).iter_rows(named=True)
        ]
    return tuple(found) or ("Nothing has been judged yet.",)


def _share(row: Mapping[str, float | int | str | None]) -> str:
    least, most = row["least"], row["most"]
    assert isinstance(least, float) and isinstance(most, float)
    judged, share = row["judged"], row["share"]
    if not isinstance(share, float):
        return f"{row['respondent']}: none of {plural(int(row['answers'] or 0), 'answer')} is judged by {row['judge']}."
    text = (
        f"{row['respondent']}: {percent(share)}{_range(row, 'share')} of {plural(int(judged or 0), 'judged answer')} true by {row['judge']}"
    )
    if row["unjudged"]:
        text += f"; {row['unjudged']} unjudged, which leaves {percent(least)} to {percent(most)} of all"
    if isinstance(corrected := row.get("corrected"), float):
        text += f"; corrected to people {percent(corrected)}{_range(row, 'corrected')}"
    return f"{text}."


def _range(row: Mapping[str, float | int | str | None], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f" [{percent(low)}, {percent(high)}]" if isinstance(low, float) and isinstance(high, float) else ""


def _ranks(row: Mapping[str, float | None]) -> str:
    low, high = row["rank_low"], row["rank_high"]
    return number(row["rank"], 0) if low is None or high is None else f"{number(row['rank'], 0)} [{number(low, 0)}, {number(high, 0)}]"


def _notes(told: Told, tables: Mapping[str, pl.DataFrame], elsewhere: int, level: float) -> tuple[str, ...]:
    notes = [
        "Unjudged is what a judge refused, failed at, did not put in a readable form, or has not been asked yet: it is neither true nor "
        "false, and the bounds say what it could change.",
        "A share that a judge calls true is no accuracy: it holds for this judge and wording. Refusals and outages of respondents are not "
        "judged; their counts stand in the benchmark's own score.",
    ]
    vain = told.judged.filter((pl.col("verdict") == UNJUDGED) & (pl.col("state") != NOT_ASKED)).height
    waiting = told.judged.filter(pl.col("state") == NOT_ASKED).height
    if vain or waiting:
        parts = [
            f"{count(unjudged)} {what}"
            for unjudged, what in ((vain, "asked in vain (--again asks anew)"), (waiting, NOT_ASKED))
            if unjudged
        ]
        notes.append(f"Unjudged here: {', '.join(parts)}.")
    if silent := idle(told.judged):
        notes.append(silent)
    if told.people.is_empty():
        notes.append("No people judged a sample: nothing here says how right the judges are (python -m evals.judging gold RUNS).")
    else:
        raters = told.people["judge"].n_unique()
        if told.ac1 is None:
            notes.append(f"{plural(raters, 'person', 'people')} judged a sample, and no answer twice: nobody knows how reliable they are.")
        else:
            alpha = "–" if told.alpha is None else number(told.alpha.estimate)
            notes.append(
                f"{raters} people judged a sample; among them Krippendorff's α is {alpha} and Gwet's AC1 {number(told.ac1.estimate)}."
            )
        notes.append("Corrected shares are to the mean of these people, not to the truth. They have no interval where no error was seen.")
    if elsewhere:
        notes.append(f"{plural(elsewhere, 'verdict')} of people are on answers that are not judged here, and left out.")
    if "strengths.csv" in tables:
        notes += _notes_on_strengths(tables["strengths.csv"])
    if "audits.csv" in tables:
        notes.append(
            f"Each audit stands alone: about one in {round(1 / (1 - level))} leaves 0 out by chance. A slope on length may be quality "
            "where nothing is held; where people's verdict is held (unanimous ones alone), their errors leave some of it in."
        )
    if "mapped.csv" in tables:
        notes.append("Replies that a judge mapped to an option are beside the answers that were read by rule, and never among them.")
    return tuple(notes)


def _note_on_sample(outgrown: Sequence[str]) -> tuple[str, ...]:
    if not outgrown:
        return ()
    named = one_line(", ".join(outgrown), 200)
    return (f"There are more answers now than the sample for people was drawn from ({named}): what corrects their shares is no random "
            "sample of them. Draw another, into a folder of its own.",)  # fmt: skip


def _notes_on_strengths(table: pl.DataFrame) -> list[str]:
    notes = ["Each pair was asked in both orders; a tie is half a win for each; strengths are log odds around 0."]
    apart = table.group_by("judge", maintain_order=True).agg(pl.col("group").n_unique()).filter(pl.col("group") > 1)
    notes += [
        f"By {judge} the judged pairs fall into {groups} groups that nothing connects: strengths and ranks compare within a group only."
        for judge, groups in apart.iter_rows()
    ]
    loose = table.filter(~pl.col("bounded") & (pl.col("games") > 0))
    if loose.height:
        named = one_line(", ".join(dict.fromkeys(loose["respondent"])), 200)
        notes.append(f"Wins and losses do not bound the strength of {named} (such as one who never lost): the weak prior does.")
    return notes
