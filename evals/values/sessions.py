"""From session folders to a study: every decision of every session in one table. Reads traces line by line, through their reader."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from agent.protocols.base import AnswerState
from agent.spec import JUDGING
from agent.trace.reader import SessionFolder, find_sessions
from evals.values.decisions import COLUMNS, check_decisions
from evals.values.session_items import Items
from evals.values.session_names import Named, SessionRecord, name_sessions
from evals.values.session_steps import Steps, Tally, read_session
from evals.values.studies import Provenance, SessionFacts, Study
from evals.values.tables import listed
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["study"]


def study(paths: str | Path | Sequence[str | Path]) -> Study:
    """Every session of a run folder, or of several run or session folders, as one study.

    Sessions that are not complete are used as far as they got; what is left out, and what to know, is in `problems`. Raises UserError when
    there is no session with decisions, or when sessions of different feeds do not speak of the same items.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    problems: list[str] = []
    folders, records = _records(_folders(given), problems)
    named, about = name_sessions(records)
    items, steps = Items(), Steps()
    facts = []
    for number, (folder, who) in enumerate(zip(folders, named, strict=True)):
        tally = read_session(folder, who.record, number, items=items, steps=steps)
        problems += _losses(one_line(who.record.label), tally)
        facts.append(_facts(folder, who, tally))
    items.check_feeds()
    if not any(fact.steps for fact in facts):
        raise UserError(f"no decision has been made yet in {listed([str(path) for path in given])}; run the sessions first")
    problems += [*about, *_about(facts, named)]
    frame = items.frame()
    decisions = _decisions(steps.frame(), named, frame)
    loadings = items.loadings()
    copies = [name for names in items.copies() for name in names]
    if copies:
        problems.append(f"{len(copies)} items have the same pictures as another ({listed(copies)}): intervals count them as one.")
    bare = frame.filter(~pl.col("labelled"))["item"].to_list()
    if bare and loadings is not None:
        problems.append(f"{len(bare)} of {frame.height} items carry no value labels ({listed(bare)}).")
    return Study(
        decisions=check_decisions(decisions, "the sessions"),
        loadings=loadings,
        targets={who.persona: dict(who.record.target) for who in named},
        provenance=Provenance(tuple(one_line(str(path), 200) for path in given), tuple(fact for fact in facts if fact.steps)),
        items=frame.drop("cluster", "stratum", "labelled"),
        problems=tuple(problems),
    )


def _folders(paths: Iterable[str | Path]) -> list[SessionFolder]:
    """The session folders, each once."""
    found: dict[Path, SessionFolder] = {}
    for path in paths:
        for folder in find_sessions(Path(path)):
            found.setdefault(folder.path.resolve(), folder)
    if not found:
        raise UserError(f"there is no session in {listed([str(path) for path in paths])}; give a folder that `agent.browse` wrote to")
    return list(found.values())


def _records(folders: Sequence[SessionFolder], problems: list[str]) -> tuple[list[SessionFolder], list[SessionRecord]]:
    """The sessions that say what they are. A damaged neighbour stops nobody, and a copy does not count twice."""
    kept: dict[tuple[str, float, str], tuple[SessionFolder, SessionRecord]] = {}
    for folder in folders:
        try:
            record = SessionRecord.of(folder.record(), folder.path.name)
            record.parts()  # what its phases are has to be there too
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append(f"Session {one_line(folder.path.name)} is left out: its session.json does not say what was run.")
            continue
        except UserError as error:
            problems.append(f"A session is left out: {error}.")
            continue
        if record.environment == "deck":
            problems.append(
                f"Session {one_line(record.session)} is left out: it answers a deck of items (`evals.values questionnaire` scores those)."
            )
            continue
        if str(record.spec.get("protocol", "")) in JUDGING:
            problems.append(f"Session {one_line(record.session)} is left out: it labels videos (`evals.labels` reads those).")
            continue
        twin = kept.setdefault((record.spec_hash, record.created_at, record.session), (folder, record))
        if twin[0] is not folder:
            problems.append(f"Session {one_line(record.session)} stands there twice ({folder.path} is a copy): it is used once.")
    if not kept:
        raise UserError(f"no session can be read: {problems[0].rstrip('.')}")
    parts = [(folder, part) for folder, record in kept.values() for part in record.parts()]
    return [folder for folder, _ in parts], [part for _, part in parts]


def _decisions(steps: pl.DataFrame, named: Sequence[Named], items: pl.DataFrame) -> pl.DataFrame:
    """One row a step and channel. A channel that was not asked or not measured has no row: it is not missing."""
    sessions = pl.DataFrame(
        {
            "session": pl.Series(range(len(named)), dtype=pl.UInt32),
            "name": [one_line(who.record.session) for who in named],
            "respondent": [who.respondent for who in named],
            "model": [who.model for who in named],
            "persona": [who.persona for who in named],
            "ordinal": [who.repeat for who in named],
            "sessions": [who.repeats for who in named],
            "human": [who.record.human for who in named],
            "measured": [who.record.environment == "browser" for who in named],
        }
    )
    wide = (
        steps.with_row_index("row")
        .join(sessions, on="session", how="left", maintain_order="left")
        .join(items.select("item", "cluster", "stratum"), on="item", how="left", maintain_order="left")
        .with_columns(
            repeat=pl.col("ordinal") + pl.col("again") * pl.col("sessions"),
            order=pl.when(~pl.col("human")).then(pl.col("cell") % 2),
            session=pl.col("name"),
        )
    )
    answered = pl.col("state") == "answered"
    there = {
        "rating": pl.col("asked_rating"),
        "like": pl.lit(True),
        "skip": pl.lit(True),
        "watch": ~pl.col("human"),
        "dwell": pl.col("measured") & (pl.col("dwell").is_not_null() | ~answered),
    }
    extra = ("session", "order", "duration_s", "dwell_s", "reason")
    long = [
        wide.filter(condition).with_columns(pl.lit(channel).alias("channel"), pl.col(channel).alias("y"), pl.lit(number).alias("place"))
        for number, (channel, condition) in enumerate(there.items())
    ]
    together = pl.concat(each.select("row", "place", *COLUMNS, *extra) for each in long).sort("row", "place").drop("row", "place")
    types = {name: dtype for name, (dtype, _) in COLUMNS.items()}
    return together.cast(types | {"order": pl.Int64})  # type: ignore[arg-type]


def _losses(session: str, tally: Tally) -> list[str]:
    """What of a trace could not be used."""
    problems = []
    if tally.broken:
        problems.append(f"Session {session}: {tally.broken} line{'s' * (tally.broken > 1)} of its trace cannot be read and were left out.")
    if tally.lost:
        problems.append(f"Session {session}: {tally.lost} clip{'s' * (tally.lost > 1)} without a final answer were left out.")
    return problems


def _facts(folder: SessionFolder, who: Named, tally: Tally) -> SessionFacts:
    record, spec = who.record, who.record.spec
    return SessionFacts(
        session=one_line(record.label),
        path=one_line(str(folder.path), None),
        respondent=who.respondent,
        model=one_line(record.model, None),
        persona=who.persona,
        paraphrase=int(spec.get("paraphrase", 0)),
        repeat=who.repeat,
        status=folder.status(),
        seed=int(spec.get("seed", 0)),
        protocol=str(spec.get("protocol", "feed")),
        environment=record.environment,
        policy=str(spec.get("policy", "balanced")),
        memory=str(spec.get("memory", "none")),
        feed=one_line(str(spec.get("feed", "")), 200),
        feed_fingerprint=record.fingerprint,
        spec_hash=record.spec_hash,
        versions=record.versions,
        model_versions=tuple(one_line(version) for version in tally.versions),
        answers={state.value: tally.answers[state.value] for state in AnswerState},
        cost_usd=tally.cost,
        unpriced=tally.unpriced,
        tokens=dict(sorted(tally.tokens.items())),
        seconds=round(tally.seconds, 3),
        broken_lines=tally.broken,
    )


def _about(facts: Sequence[SessionFacts], named: Sequence[Named]) -> list[str]:
    """Sentences about the sessions as they are."""
    problems = []
    empty = [fact.session for fact in facts if not fact.steps]
    if empty:
        problems.append(f"{len(empty)} session{'s' * (len(empty) > 1)} without decisions left out: {listed(empty)}.")
    open_ones = [fact.session for fact in facts if fact.steps and fact.status != "complete"]
    if open_ones:
        problems.append(
            f"{len(open_ones)} of {len(facts)} sessions are not complete ({listed(open_ones)}): they are used as far as they got."
        )
    if any(fact.protocol == "staged" for fact in facts):
        problems.append(
            "In staged sessions a clip that was skipped at a glance has no rating: channel rating there is of the clips that were watched."
        )
    if any(fact.policy == "adaptive" for fact in facts):
        problems.append("In sessions with an adaptive feed earlier answers decide what is shown: respondents did not see the same clips.")
    answering: dict[str, set[str]] = defaultdict(set)
    for fact, who in zip(facts, named, strict=True):
        if not who.record.human:
            answering[fact.respondent].update(fact.model_versions)
    for respondent, versions in answering.items():
        if len(versions) > 1:
            problems.append(f"{respondent}: the server named {len(versions)} versions of the model ({listed(sorted(versions))}).")
    return problems
