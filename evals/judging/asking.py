"""Nothing is asked twice: what judges have been asked before, in runs of the same folder, is left out, and what was begun is carried on.

Judgements have the same id whenever they are made of the same answer, and a run writes down whom it asked what. So the same command goes
on, and with more answers, or with another judge, only what is new makes a new run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from agent.experiments.plan import PLAN
from environments.decks.questions import Question, QuestionDeck, read_questions
from evals.benchmark.asking import DECKS, ItemRun, run_name
from evals.judging.judgements import BENCHMARK, KINDS, kind_of
from evals.judging.verdicts import NOT_ASKED, UNJUDGED, judging_runs, read_judged, read_record
from evals.running import Asked

__all__ = ["Work", "work_of"]

Judge = tuple[str, int]
"""Model and wording."""


@dataclass(frozen=True)
class Work:
    """Runs to go through, by name: those that were begun and hold some of what is wanted, then those that are new. `known`: how many
    judgements (answer and judge) are in the former; `new`: how many are not."""

    runs: tuple[tuple[str, ItemRun], ...]
    known: int
    new: int


def work_of(wanted: ItemRun, runs: Path, name: str | None = None, *, again: bool = False) -> Work:
    """How `wanted` is asked in the folder `runs`; `again`: what was asked and has no verdict counts as new.

    Raises FeedError for a run of it whose decks are damaged.
    """
    judges = [(model, cell) for model in wanted.asked.models for cell in wanted.cells]
    done: dict[Judge, set[str]] = {judge: set() for judge in judges}
    ids = {item.id for item in wanted.items}
    begun = []
    for place in judging_runs([runs]) if runs.is_dir() else []:
        before = _begun(place, wanted)
        if before is None or place.parent != runs.resolve():
            continue
        held = {item.id for item in before.items} & ids
        shared = [judge for judge in judges if judge[0] in before.asked.models and judge[1] in before.cells]
        if held and shared:
            begun.append((place.name, before))
        for judge in shared:
            done[judge] |= held
    if again:
        _without_verdict([runs / place for place, _ in begun], done)
    new = _lacking(wanted, judges, done)
    named = [*begun, *((_free(run_name(name if len(new) == 1 else None, run), runs, again=again), run) for run in new)]
    known = sum(map(len, done.values()))
    return Work(tuple(named), known, len(judges) * len(ids) - known)


def _without_verdict(places: Sequence[Path], done: dict[Judge, set[str]]) -> None:
    """Take from `done` what a judge was asked in vain: it failed, refused, or could not be read. What waits in one of the runs is asked
    there, be it anew: it is not taken."""
    if not places:
        return
    names = ["model", "cell", "judgement"]
    vain = read_judged(places).filter((pl.col("verdict") == UNJUDGED) & (pl.col("state") != NOT_ASKED)).select(names)
    waiting = pl.concat([read_judged([place]).filter(state=NOT_ASKED).select(names) for place in places])
    for model, cell, judgement in vain.join(waiting, on=names, how="anti").iter_rows():
        done.get((model, cell), set()).discard(judgement)


def _free(name: str, runs: Path, *, again: bool) -> str:
    """The name of a new run: the same may have been asked before, in vain."""
    number, found = 2, name
    while again and (runs / found).exists():
        number, found = number + 1, f"{name}-{number}"
    return found


def _lacking(wanted: ItemRun, judges: Sequence[Judge], done: dict[Judge, set[str]]) -> list[ItemRun]:
    """Runs of what is new: judges that lack the same judgements are asked together."""
    by_lack: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for model, cell in judges:
        lack = tuple(item.id for item in wanted.items if item.id not in done[model, cell])
        if lack:
            by_lack.setdefault(lack, {}).setdefault(model, []).append(cell)
    found = []
    for lack, cells_of in by_lack.items():
        together: dict[tuple[int, ...], list[str]] = {}
        for model, cells in cells_of.items():
            together.setdefault(tuple(cells), []).append(model)
        items = tuple(item for item in wanted.items if item.id in set(lack))
        found += [replace(wanted, items=items, asked=_only(wanted.asked, models), cells=cells) for cells, models in together.items()]
    return found


def _only(asked: Asked, models: Sequence[str]) -> Asked:
    addresses = {model: address for model, address in asked.addresses.items() if model in models}
    return Asked(tuple(models), addresses, asked.options)


def _begun(place: Path, wanted: ItemRun) -> ItemRun | None:
    """The run in a folder as it was begun, where it asks in the same way; None for any other."""
    record = read_record(place)
    if record is None or any(record.get(name) != value for name, value in wanted.facts.items() if name != "prompts"):
        return None
    if any(record["prompts"].get(kind) != wanted.facts["prompts"][kind] for kind in set(map(kind_of, wanted.items))):
        return None  # in other words than now
    decks = [read_questions(deck) for deck in sorted((place / DECKS).glob("*"))]
    by_id: dict[str, Question] = {item.id: item for deck in decks for item in deck.items}
    items = tuple(by_id[each["id"]] for each in record["items"] if each["id"] in by_id)
    models = tuple(record["models"])
    reached = {**_addresses(place), **wanted.asked.addresses}
    addresses = {model: address for model, address in reached.items() if model in models}
    return ItemRun(
        BENCHMARK,
        QuestionDeck(str(record["deck"]), place, items),
        items,
        Asked(models, addresses, wanted.asked.options),
        lambda item: KINDS[kind_of(item)],
        cells=tuple(record["cells"]),
        seed=int(record["seed"]),
        facts=wanted.facts,
        aside=wanted.aside,
    )


def _addresses(place: Path) -> dict[str, str]:
    """Where the judges of a run were reached, as its plan says."""
    try:
        settings = json.loads((place / PLAN).read_bytes())["experiment"]["models"]
        return {str(model): str(each["base_url"]) for model, each in settings.items() if each.get("base_url")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
