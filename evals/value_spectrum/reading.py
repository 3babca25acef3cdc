"""Sessions of a run as one table of yes and no: by draw, and by what was shown, the image or a description in its place.

Unlike `evals.values.sessions` it takes batches of one pool for what they are: sessions that share no video and are still about one study.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from agent.protocols.base import AnswerState
from agent.trace.reader import SessionFolder
from environments.corpus.pool import Pool
from environments.corpus.strata import LEAST
from evals.report.words import plural
from evals.value_spectrum.finding import other_kind, session_folders
from evals.value_spectrum.pools import find_batch
from evals.values.decisions import COLUMNS
from evals.values.loadings import Loadings
from evals.values.session_items import Items
from evals.values.session_names import Named, SessionRecord, name_sessions
from evals.values.session_steps import Steps, Tally, read_session
from evals.values.tables import listed
from personas.errors import UserError
from personas.one_line import one_line
from personas.schwartz import VALUES

__all__ = ["FRAMES", "TEXT", "Material", "assigned", "read_runs", "shares"]

FRAMES, TEXT = "frames", "text"
STATES = tuple(state.value for state in AnswerState)


@dataclass(frozen=True)
class Material:
    """What was asked and answered.

    decisions   channel `like`: the columns of a decisions table, and draw, show ("frames" or "text"), reason
    items       one row a video: item, source (its platform), topic, cluster, …; as shown with pictures, where it was
    loadings    of the labelled videos; None where none is
    retrieved   the videos that were retrieved for each value, where the pools' strata are values; else empty
    phased      folders of sessions with phases: those of `--induced`
    sessions    one row a session: what it was and how it stands
    cost_usd    known costs; `unpriced` answers have none
    problems    sentences: what is left out, and what to know
    """

    decisions: pl.DataFrame
    items: pl.DataFrame
    loadings: Loadings | None
    retrieved: dict[str, frozenset[str]]
    phased: tuple[Path, ...]
    sessions: pl.DataFrame
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0
    problems: tuple[str, ...] = ()

    @property
    def draws(self) -> list[int]:
        """The draws of what was shown with pictures, or without any of it, of the texts."""
        found: list[int] = self.decisions["draw"].unique().sort().to_list()
        return found

    def shown(self, show: str) -> pl.DataFrame:
        """The decisions about images, or about texts."""
        return self.decisions.filter(pl.col("show") == show)


@dataclass(frozen=True)
class _Session:
    folder: SessionFolder
    record: SessionRecord
    pool: Pool | None

    @property
    def draw(self) -> int:
        return (self.pool.draw or 1) if self.pool else 1

    @property
    def show(self) -> str:
        return self.pool.show if self.pool else FRAMES


@dataclass
class _Found:
    sessions: list[_Session] = field(default_factory=list)
    phased: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def left_out(self) -> str:
        """What of other kinds lies in these folders, in words; "" for nothing."""
        what = ", ".join(f"{count} {kind}" for kind, count in sorted(self.others.items()))
        return f"{plural(self.others.total(), 'session')} of another kind ({what})" if what else ""


def read_runs(paths: Sequence[str | Path]) -> Material:
    """Every session that was asked for yes or no in these folders: sessions, runs, or folders of runs. Raises UserError for none."""
    found = _sessions(paths)
    others = found.left_out()
    if not found.sessions:
        empty = pl.DataFrame(schema={name: dtype for name, (dtype, _) in COLUMNS.items()} | _EXTRA)
        if not found.phased and others:
            raise UserError(
                f"no session in {listed([str(path) for path in paths])} was asked for yes or no about images: there are {others}; give the "
                "folder of a `python -m evals.value_spectrum run`, or ask with it first"
            )
        if not found.phased:
            raise UserError(f"there is no session with decisions in {listed([str(path) for path in paths])}; run some first")
        return Material(empty, pl.DataFrame(), None, {}, tuple(found.phased), pl.DataFrame(), problems=tuple(found.problems))
    named, about = name_sessions([each.record for each in found.sessions])
    items: dict[str, Items] = {}
    steps, tallies = Steps(), []
    runs = {each.folder.path.resolve().parent for each in found.sessions}
    for number, (each, who) in enumerate(zip(found.sessions, named, strict=True)):
        own = items.setdefault(FRAMES if each.show == FRAMES else who.respondent, Items())  # a description is one respondent's alone
        tallies.append(_read(each, number, own, steps, runs))
    wide = steps.frame()
    if wide.is_empty():
        raise UserError(f"no decision has been made yet in {listed([str(path) for path in paths])}; run the sessions first")
    about_items = _items(items)
    loadings = next((its for each in _pictures_first(items) if (its := each.loadings()) is not None), None)
    return Material(
        decisions=_decisions(wide, found.sessions, named, about_items),
        items=about_items,
        loadings=loadings,
        retrieved=_retrieved(found.sessions),
        phased=tuple(found.phased),
        sessions=_table(found.sessions, named, tallies),
        cost_usd=sum((tally.cost for tally in tallies), Decimal(0)),
        unpriced=sum(tally.unpriced for tally in tallies),
        problems=(*found.problems, *_about(found.sessions, tallies), *_once(about)),
    )


def _read(session: _Session, number: int, items: Items, steps: Steps, runs: Collection[Path]) -> Tally:
    """One session. Raises UserError where it does not go with those before it, and then says which runs there are."""
    try:
        return read_session(session.folder, session.record, number, items=items, steps=steps)
    except UserError as error:
        if len(runs) < 2:
            raise
        raise UserError(
            f"{error}; these are {len(runs)} runs ({listed(sorted(each.name for each in runs))}): give the folder of one"
        ) from error


def _sessions(paths: Iterable[str | Path]) -> _Found:
    """The sessions that say what they are, each once, and those of another kind counted; a run's ablation beside it is read along."""
    found = _Found()
    seen: set[tuple[str, float, str]] = set()
    for folder in session_folders(paths):
        try:
            record = SessionRecord.of(folder.record(), folder.path.name)
            record.parts()
        except (KeyError, TypeError, ValueError, AttributeError):
            found.problems.append(f"Session {one_line(folder.path.name)} is left out: its session.json does not say what was run.")
            continue
        except UserError as error:
            found.problems.append(f"A session is left out: {error}.")
            continue
        key = (record.spec_hash, record.created_at, record.session)
        if key in seen:
            continue
        seen.add(key)
        if other := other_kind(record):
            found.others[other] += 1
        elif record.phases:
            found.phased.append(folder.path)
        else:
            found.sessions.append(_Session(folder, record, find_batch(str(record.spec.get("feed", "")), folder.path)))
    if found.others:
        found.problems.append(f"Left out: {found.left_out()}, which were not asked for yes or no about images.")
    return found


_EXTRA: dict[str, Any] = {"draw": pl.Int64, "show": pl.String, "reason": pl.String, "session": pl.String}


def _decisions(wide: pl.DataFrame, sessions: Sequence[_Session], named: Sequence[Named], items: pl.DataFrame) -> pl.DataFrame:
    """One row a step. A showing of a later draw, or by a later session, is another repeat."""
    who = pl.DataFrame(
        {
            "session": pl.Series(range(len(named)), dtype=pl.UInt32),
            "name": [one_line(each.record.session) for each in named],
            "respondent": [each.respondent for each in named],
            "model": [each.model for each in named],
            "persona": [each.persona for each in named],
            "draw": [each.draw for each in sessions],
            "show": [each.show for each in sessions],
            "ordinal": [each.repeat for each in named],
            "of": [each.repeats for each in named],
        }
    )
    joined = (
        wide.join(who, on="session", how="left", maintain_order="left")
        .join(items.select("item", "cluster", "stratum"), on="item", how="left", maintain_order="left")
        .with_columns(
            repeat=pl.col("ordinal") + pl.col("again") * pl.col("of"),
            channel=pl.lit("like"),
            y=pl.col("like"),
            session=pl.col("name"),
        )
    )
    types = {name: dtype for name, (dtype, _) in COLUMNS.items()}
    return joined.select(*COLUMNS, *_EXTRA).cast(types | _EXTRA)


def _pictures_first(items: dict[str, Items]) -> list[Items]:
    return [items[name] for name in sorted(items, key=lambda name: name != FRAMES)]


def _items(items: dict[str, Items]) -> pl.DataFrame:
    """Each video once, as it was shown with pictures where it was."""
    every = pl.concat([each.frame() for each in _pictures_first(items)])
    return every.unique("item", keep="first", maintain_order=True).sort("item")


def _retrieved(sessions: Sequence[_Session]) -> dict[str, frozenset[str]]:
    """The videos of each value where keyword retrieval wrote all pools, or where all have values for strata."""
    pools = [each.pool for each in sessions if each.pool is not None and each.show == FRAMES]
    found: dict[str, set[str]] = {code: set() for code in VALUES}
    for pool in pools:
        for stratum, members in pool.strata.items():
            code = stratum.removesuffix("+") if pool.per_keyword is not None else stratum
            if code not in VALUES:
                return {}
            found[code].update(members)
    return {code: frozenset(members) for code, members in found.items() if members}


def _table(sessions: Sequence[_Session], named: Sequence[Named], tallies: Sequence[Tally]) -> pl.DataFrame:
    rows = []
    for each, who, tally in zip(sessions, named, tallies, strict=True):
        about = {"session": one_line(who.record.session), "respondent": who.respondent, "draw": each.draw, "show": each.show}
        about |= {"status": each.folder.status(), "protocol": str(who.record.spec.get("protocol", "feed"))}
        rows.append(about | {state: tally.answers[state] for state in STATES} | {"usd": float(tally.cost)})
    return pl.DataFrame(rows)


def _about(sessions: Sequence[_Session], tallies: Sequence[Tally]) -> list[str]:
    told = []
    unfinished = [one_line(each.record.session) for each in sessions if each.folder.status() != "complete"]
    if unfinished:
        told.append(f"{len(unfinished)} of {len(sessions)} sessions are not complete ({listed(unfinished)}): used as far as they got.")
    broken = sum(tally.broken for tally in tallies)
    if broken:
        told.append(f"{broken} lines of traces cannot be read and were left out.")
    lost = [each for each in sessions if str(each.record.spec.get("feed", "")).endswith(".toml") and each.pool is None]
    if lost:
        told.append(
            f"The pools of {len(lost)} sessions are not where they were, so these sessions count as the first draw, shown with pictures."
        )
    counted: Counter[str] = Counter()
    for tally in tallies:
        counted.update(tally.answers)
    silent = {state: counted[state] for state in STATES[1:] if counted[state]}
    if silent:
        words = ", ".join(f"{count} {state}" for state, count in silent.items())
        told.append(f"Of {sum(counted.values())} questions {words}: these are no “no”, and scores leave them out.")
    return told


def _once(sentences: Iterable[str]) -> list[str]:
    """What naming has to say; that batches of one respondent have one seed is meant."""
    return [each for each in dict.fromkeys(sentences) if "they count as repeats" not in each]


def assigned(material: Material, how: str | None = None) -> tuple[Loadings, str]:
    """Which video stands for which value, as loadings of 1 and 0, and where that is from: "pool" or "labels".

    `how` None: the strata that videos were retrieved for, where the pools have them, else labels. By labels a video stands for each value
    that it promotes by at least `environments.corpus.strata.LEAST`. Raises UserError where that is not known.
    """
    if how == "pool" and not material.retrieved:
        raise UserError(
            "--values pool needs pools whose strata are values, as `retrieve` writes them: leave it out, or give --values labels"
        )
    if how != "labels" and material.retrieved:
        members = material.retrieved
        codes = tuple(code for code in VALUES if code in members)
        items = tuple(sorted(set().union(*members.values())))
        x = np.array([[float(item in members[code]) for code in codes] for item in items], dtype=np.float64)
        return Loadings(items, codes, x, source="retrieved by keyword"), "pool"
    if material.loadings is None:
        raise UserError(
            "these videos carry no value labels, and their pools have no values for strata, so which value a yes is for is not known: "
            "label the corpus (`python -m evals.labels judge`), or ask about a pool that `retrieve` wrote"
        )
    found = material.loadings
    return Loadings(found.items, found.values, (found.x >= LEAST - 1e-6).astype(np.float64), source=found.source), "labels"


def shares(decisions: pl.DataFrame) -> pl.DataFrame:
    """One row a respondent and video that was answered: y, its share of yes over all its showings; n, how many; cluster."""
    answered = decisions.filter(pl.col("state") == "answered")
    found = answered.group_by("respondent", "item").agg(pl.col("y").mean(), pl.len().alias("n"), pl.col("cluster").first())
    return found.sort("respondent", "item")
