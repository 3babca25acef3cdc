"""From sessions to what can be judged: answers in words, replies that no rule could map to an option, and pairs of answers to one item.

What was shown is in the sessions' traces; the pictures and the reasoning behind a reference are in the deck. An answer to a question whose
pictures were taken away or exchanged is judged with the question's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypeVar

from agent.trace.events import StimulusEvent
from agent.trace.reader import SessionFolder, find_sessions
from environments.canonical import content_hash
from environments.decks.questions import Question, QuestionDeck, read_questions
from evals.judging.judgements import CURATOR, NO_OPTIONS, Judgement, Pairing, Unmapped
from evals.scoring.answers import read_answers
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Collected", "collect", "pairings"]

_OPEN = ("open",)
_CLOSED = ("choice", "choice-steps", "choice-chain")
_PICTURES = {"none": " (no pictures)", "wrong": " (wrong pictures)"}
Judged = TypeVar("Judged", Judgement, Unmapped)


@dataclass(frozen=True)
class Collected:
    """answers: in words; unmapped: replies to questions with options; left: how many questions asked for words got none, by state."""

    answers: tuple[Judgement, ...]
    unmapped: tuple[Unmapped, ...]
    left: Mapping[str, int]
    problems: tuple[str, ...]


@dataclass
class _Source:
    """A session's stimuli by item, the deck that they came from where it is still there, the respondent's options, its spec's hash."""

    shown: Mapping[str, StimulusEvent]
    deck: QuestionDeck | None
    options: str
    spec: str
    by_id: Mapping[str, Question] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = self.deck.by_id if self.deck else {}


def collect(paths: Sequence[str | Path], *, pictures: bool = False) -> Collected:
    """What sessions in the run or session folders left to be judged. Raises UserError where there is nothing, or no deck with pictures."""
    rows, problems = _rows(paths)
    sources = _sources(paths, {row["folder"] for row in rows}, pictures)
    answers, unmapped = [], []
    left: dict[str, int] = {}
    for row in rows:
        source = sources[row["folder"]]
        if row["protocol"] in _OPEN and row["state"] == "answered":
            answers.append(_judgement(row, source, pictures=pictures))
        elif row["protocol"] in _OPEN:
            left[row["state"]] = left.get(row["state"], 0) + 1
        elif row["state"] == "unparsable" and row["raw"].strip():
            unmapped.append(_unmapped(row, source))
    if not answers and not unmapped:
        told = one_line(", ".join(map(str, paths)), 200)
        raise UserError(f"there is nothing to judge in {told}: no question was answered in words, and every choice was read by rule")
    return Collected(_apart(answers), _apart(unmapped), left, problems)


def _apart(judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """With an id each: the same words of the same session, in a second folder, are a second answer."""
    seen: dict[str, int] = {}
    found = []
    for each in judged:
        seen[each.id] = number = seen.get(each.id, 0) + 1
        found.append(each if number == 1 else replace(each, id=content_hash(["judgement", each.id, number])[:24]))
    return tuple(found)


def _rows(paths: Sequence[str | Path]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The rows of `read_answers`, in words and by options apart: that one respondent was asked in both ways is no part of its name."""
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    lacking: UserError | None = None
    for protocols in (_OPEN, _CLOSED):
        try:
            found = read_answers(paths, protocols)
        except UserError as error:
            lacking = error
            continue
        rows += list(found.table.iter_rows(named=True))
        problems += found.problems
    if lacking is not None and not rows:
        raise _of_another(paths) or lacking
    return rows, tuple(dict.fromkeys(problems))


def _of_another(paths: Sequence[str | Path]) -> UserError | None:
    """What to say where there are sessions, but none that answers in words or by options."""
    found: dict[str, None] = {}
    for folder in (each for path in paths for each in find_sessions(Path(path))):
        try:
            spec = folder.record()["spec"]
            asked = spec.get("protocol", "feed")
        except (UserError, KeyError, TypeError, AttributeError):
            continue  # of no session that can be read
        if asked not in (*_OPEN, *_CLOSED) or spec.get("environment") != "deck":
            found.setdefault(one_line(str(asked), 40))
    if not found:
        return None
    told = one_line(", ".join(map(str, paths)), 200)
    what = f"sessions in {told} are of something else (protocol {', '.join(sorted(found))})"
    return UserError(f"there are no answers in words and no choices to judge: the {what}; name the run of a benchmark that has such")


def pairings(answers: Iterable[Judgement]) -> tuple[Pairing, ...]:
    """Every two respondents' answers to the same item, each pair in both orders. Of several answers of one respondent to an item the first
    counts; items of one name that ask something else are two. Raises UserError where no item has two."""
    by_item: dict[tuple[str, str], dict[str, Judgement]] = {}
    for answer in answers:
        by_item.setdefault((answer.item, answer.about.get("of_question", "")), {}).setdefault(answer.respondent, answer)
    found = [
        pairing
        for same in by_item.values()
        for one, other in combinations(sorted(same.values(), key=lambda each: each.respondent), 2)
        for pairing in Pairing.both_orders(one, other)
    ]
    if not found:
        raise UserError("there are no pairs: no item was answered by two respondents; give the runs of several")
    return tuple(found)


def _sources(paths: Sequence[str | Path], wanted: set[str], pictures: bool) -> dict[str, _Source]:
    """By folder of a session, what it showed. Raises UserError where pictures are wanted and their deck is gone."""
    found: dict[str, _Source] = {}
    decks: dict[Path, QuestionDeck] = {}
    for folder in {each.path.resolve(): each for path in paths for each in find_sessions(Path(path))}.values():
        try:
            record = folder.record()
            place, feed = str(folder.path.resolve()), str(record["spec"].get("feed", ""))
            options = ", ".join(f"{key}={value}" for key, value in sorted((record["spec"].get("model_options") or {}).items()))
        except (UserError, KeyError, TypeError, AttributeError):
            continue  # read_answers has named it
        if place not in wanted:
            continue
        deck = _deck(folder, feed, decks)
        if deck is None and pictures:
            name = one_line(folder.path.name)
            where = one_line(feed, 200)
            raise UserError(f"the pictures of session {name} are gone: no items are at {where}; leave them out (gold: --no-pictures)")
        shown = {event.id: event for event in folder.events() if isinstance(event, StimulusEvent)}
        found[place] = _Source(shown, deck, options or NO_OPTIONS, str(record.get("spec_hash", "")))
    return found


def _deck(folder: SessionFolder, feed: str, decks: dict[Path, QuestionDeck]) -> QuestionDeck | None:
    """The deck of a session, where the session says or, for a run that was moved, beside it."""
    given = Path(feed)
    for place in (given, folder.path.parent / given.parent.name / given.name):
        try:
            if place not in decks:
                decks[place] = read_questions(place)
        except UserError:
            continue
        return decks[place]
    return None


def _judgement(row: Mapping[str, Any], source: _Source, *, pictures: bool) -> Judgement:
    item = source.by_id.get(row["item"])
    reasoning = (item.model_extra or {}).get("reasoning") if item else None
    images = [source.deck.picture(image) for image in item.images] if pictures and item and source.deck else []
    return Judgement.of(
        str(source.shown[row["item"]].text.get("caption", "")),
        row["reason"],
        reference=row["reference"],
        reasoning=reasoning if isinstance(reasoning, str) else "",
        images=images,
        respondent=_who(row),
        item=row["item"],
        about=_about(row, source),
        of_answer=f"{row['session']} {source.spec}",
    )


def _unmapped(row: Mapping[str, Any], source: _Source) -> Unmapped:
    shown = source.shown[row["item"]]
    text, facts = shown.text, shown.item
    return Unmapped.of(
        str(text.get("caption", "")),
        row["raw"],
        [str(option) for option in text.get("options", ())],
        facts.order if facts else (),
        facts.key if facts else (),
        respondent=_who(row),
        item=row["item"],
        about=_about(row, source),
        of_answer=f"{row['session']} {source.spec}",
    )


def _who(row: Mapping[str, Any]) -> str:
    """The respondent, and what was done with the pictures where that is not the usual."""
    return str(row["respondent"]).replace(" · default", "", 1) + _PICTURES.get(row["condition"], "")


def _about(row: Mapping[str, Any], source: _Source) -> dict[str, str]:
    shown = source.shown[row["item"]]
    named = dict(shown.item.about) if shown.item else {}
    # Decks may have items of one name: what is asked tells them apart, as what was asked tells sessions of one name apart.
    asks = content_hash([shown.text.get("caption", ""), row["reference"]])[:8]
    named |= {"of_session": row["session"], "of_spec": source.spec, "of_options": source.options, "of_question": asks}
    item = source.by_id.get(row["item"])
    curator = (item.model_extra or {}).get("curator") if item else None
    named |= {CURATOR: curator} if isinstance(curator, str) and curator else {}
    return named | ({"cluster": row["cluster"]} if row["cluster"] else {})
