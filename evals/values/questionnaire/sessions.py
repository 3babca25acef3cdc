"""A questionnaire out of a run folder: what people answered on the local page (`agent.rate --items`), and what models answered to a deck.

Items go by their words where these are known, else by their place. What cannot be scored is left out, and a sentence says why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from agent.protocols.base import AnswerState
from agent.trace.events import QuestionnaireEvent
from agent.trace.reader import SessionFolder, find_sessions
from environments.decks.items import INSTRUMENTS, PORTRAITS, Deck, DeckItem, load_deck
from evals.values.questionnaire.answers import Answers
from evals.values.questionnaire.instruments import OWN, Instrument, deck_name, find_instrument, instrument_of
from evals.values.session_names import SessionRecord, name_sessions
from personas.errors import UserError
from personas.one_line import one_line

__all__ = ["Asked", "asked_items", "read_sessions"]

LEFT_OUT = "left out"
"""What counts beside the answer states: a question that a person passed over."""


@dataclass(frozen=True)
class Asked:
    """One item as it was put, and its answer: of a model on the instrument's scale, of a person the point of the scale from 1; or None."""

    number: int
    text: str
    code: str | None
    answer: int | None
    state: str


@dataclass(frozen=True)
class _Filled:
    """One session's questionnaire. `points` of a person's scale; None for a model, which has the instrument's."""

    record: SessionRecord
    items: tuple[Asked, ...]
    points: int | None = None
    respondent: str = ""


@dataclass
class _Found:
    """What a run folder holds, and sentences on what is left out."""

    filled: list[_Filled] = field(default_factory=list)
    others: int = 0
    problems: list[str] = field(default_factory=list)


def read_sessions(runs: Path, instrument: str, items: str | None = None) -> tuple[Answers, Instrument]:
    """Every session of a run folder that answers `instrument`, one administration each; `items` as in `find_instrument`.

    With `own` and no `items` the words and codes are those that people were asked. Raises UserError where no session answers it.
    """
    named = None if instrument.strip().lower() == OWN and items is None else find_instrument(instrument, items)
    found = _look(runs, OWN if named is None else named.name)
    form = _own(runs, found.filled) if named is None else named
    texts = (
        _texts(form, items) if named is not None else {_plain(each.text): each.number for each in _first_person(runs, found.filled).items}
    )
    if form.name == OWN:
        form = _with_scale(form, found.filled)
    kept, rows = [], []
    for each in found.filled:
        row = _row(each, form, texts)
        if isinstance(row, str):
            found.problems.append(f"Session {one_line(each.record.session)} is left out: {row}.")
        else:
            kept.append(each)
            rows.append(row)
    if not kept:
        why = f" ({found.problems[0].rstrip('.')})" if found.problems else ""
        raise UserError(f"no session in {one_line(str(runs), 200)} answers {form.title}{why}; give a run folder where it was asked")
    if found.others:
        found.problems.append(f"{found.others} session{'s' * (found.others > 1)} with another questionnaire left out.")
    return _together(kept, rows, form, found.problems), form


def asked_items(folder: SessionFolder) -> Iterator[Asked]:
    """The items that a model was asked in a session over a deck, as they were put, with the answers on the scale of the protocol."""
    for step in folder.steps():
        if step.answer is None:
            continue
        decision, state = step.answer.decision, step.answer.outcome
        answer = decision.rating if state is AnswerState.ANSWERED and decision is not None else None
        number = re.search(r"-([0-9]{1,5})$", step.stimulus.id)
        text = str(step.stimulus.text.get("caption", ""))
        yield Asked(int(number[1]) if number else 0, text, None, answer, state.value)


def _look(runs: Path, name: str) -> _Found:
    """The sessions with a questionnaire, in the order in which they were begun."""
    found = _Found()
    seen: set[tuple[str, float, str]] = set()
    for folder in find_sessions(runs):
        try:
            record = SessionRecord.of(folder.record(), folder.path.name)
        except (KeyError, TypeError, ValueError, AttributeError):
            found.problems.append(f"Session {one_line(folder.path.name)} is left out: its session.json does not say what was run.")
            continue
        except UserError as error:
            found.problems.append(f"A session is left out: {error}.")
            continue
        key = (record.spec_hash, record.created_at, record.session)
        if key not in seen:
            seen.add(key)
            _add(found, folder, record, name)
    found.filled.sort(key=lambda each: (each.record.created_at, each.record.session))
    return found


def _add(found: _Found, folder: SessionFolder, record: SessionRecord, name: str) -> None:
    """The session into `found`, where it has a questionnaire."""
    open_yet = f"Session {one_line(record.session)} is left out: its questionnaire is not finished."
    if record.human:
        events = [event for event in folder.events() if isinstance(event, QuestionnaireEvent)]
        handed_in = [event for event in events if event.complete]
        if handed_in:
            found.filled.append(_Filled(record, _of_person(handed_in[-1]), len(handed_in[-1].scale)))
        elif events:
            found.problems.append(open_yet)
    elif record.environment == "deck":
        feed = str(record.spec.get("feed", ""))
        prefix = feed.partition(":")[0]
        if (prefix if prefix in {*INSTRUMENTS, PORTRAITS} else OWN) != name:
            found.others += 1
        elif folder.status() != "complete":
            found.problems.append(open_yet)
        else:
            found.filled.append(_Filled(record, tuple(asked_items(folder))))


def _of_person(event: QuestionnaireEvent) -> tuple[Asked, ...]:
    return tuple(
        Asked(item.number + 1, item.text, item.code, item.answer, LEFT_OUT if item.answer is None else AnswerState.ANSWERED.value)
        for item in event.items
    )


def _first_person(runs: Path, filled: Sequence[_Filled]) -> _Filled:
    first = next((each for each in filled if each.points is not None), None)
    if first is None:
        raise UserError(f"no person has handed in a questionnaire in {one_line(str(runs), 200)}: give the items with --items FILE.csv")
    return first


def _own(runs: Path, filled: Sequence[_Filled]) -> Instrument:
    """The instrument that the first person was asked."""
    first = _first_person(runs, filled)
    items = tuple(DeckItem(f"item-{each.number}", each.number, each.text, each.code) for each in first.items)
    key: dict[str, tuple[int, ...]] = {}
    for item in items:
        if item.code:
            key[item.code] = (*key.get(item.code, ()), item.number)
    return instrument_of(Deck(OWN, items, key))


def _texts(form: Instrument, items: str | None) -> dict[str, int]:
    """Number by words; empty where the words of a published instrument were not given. Raises UserError where two items have the same."""
    if form.name in INSTRUMENTS and items is None:
        return {}
    deck = load_deck(deck_name(form, items)).items
    found = {_plain(item.text): item.number for item in deck}
    if len(found) < len(deck):
        raise UserError(f"two items of {form.title} have the same words, so answers of sessions cannot be told apart: change one")
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _with_scale(form: Instrument, filled: Sequence[_Filled]) -> Instrument:
    """Models answer own items from 1 to 6; where only people were asked, their first scale counts."""
    points = [each.points for each in filled if each.points is not None]
    return form if len(points) < len(filled) or not points else replace(form, high=form.low + points[0] - 1)


def _row(filled: _Filled, form: Instrument, texts: Mapping[str, int]) -> Mapping[int, int | None] | str:
    """Answers by number of the item, on the scale of the instrument; or why there are none."""
    low = form.low
    if filled.points is not None and filled.points != form.high - low + 1:
        return f"its scale has {filled.points} points, {form.title} {form.high - low + 1}"
    if filled.points is None and str(filled.record.spec.get("protocol")) != form.protocol:
        return f"it was asked with the protocol {one_line(str(filled.record.spec.get('protocol')), 40)}, not {form.protocol}"
    numbers = _numbers(filled, form, texts)
    if isinstance(numbers, str):
        return numbers
    shift = 0 if filled.points is None else low - 1
    found = {number: None if each.answer is None else each.answer + shift for number, each in zip(numbers, filled.items, strict=True)}
    wrong = next((number for number, answer in found.items() if answer is not None and not low <= answer <= form.high), None)
    return found if wrong is None else f"the answer to item {wrong} is {found[wrong]}, not on the scale from {low} to {form.high}"


def _numbers(filled: _Filled, form: Instrument, texts: Mapping[str, int]) -> list[int] | str:
    """The number of each item in the instrument; or why they are not its items."""
    if not filled.items:
        return "nothing was asked in it"
    if filled.points is None and form.name != OWN:
        strange = any(each.number not in form.numbers for each in filled.items)
        return f"it asks an item that {form.title} does not have" if strange else [each.number for each in filled.items]
    return _by_words(filled.items, form, texts) if texts else _by_place(filled.items, form)


def _by_words(items: Sequence[Asked], form: Instrument, texts: Mapping[str, int]) -> list[int] | str:
    strange = next((each for each in items if _plain(each.text) not in texts), None)
    if strange is not None:
        return f"it asks {one_line(strange.text, 60)!r}, which is no item of {form.title}"
    numbers = [texts[_plain(each.text)] for each in items]
    return numbers if len(set(numbers)) == len(numbers) else "it asks an item twice"


def _by_place(items: Sequence[Asked], form: Instrument) -> list[int] | str:
    """Of a published instrument: complete, and with its codes where it has any."""
    if len(items) != len(form.numbers):
        return f"it has {len(items)} items, {form.title} {len(form.numbers)}"
    code = {number: value for value, numbers in form.key.items() for number in numbers}
    for each in items:
        if each.code and each.code != code.get(each.number):
            return f"its item {each.number} has the code {one_line(each.code, 40)}, in {form.title} {code.get(each.number, 'none')}"
    return [each.number for each in items]


def _together(kept: Sequence[_Filled], rows: Sequence[Mapping[int, int | None]], form: Instrument, problems: Sequence[str]) -> Answers:
    """One matrix; repeats count the sessions of a respondent from 1, in the order in which they were begun."""
    models = [each.record for each in kept if each.points is None]
    named, about = name_sessions(models)
    names = iter(named)
    respondents = [one_line(each.record.model, None) if each.points is not None else next(names).respondent for each in kept]
    times: Counter[str] = Counter()
    repeats = []
    for who in respondents:
        times[who] += 1
        repeats.append(str(times[who]))
    matrix = np.full((len(rows), len(form.numbers)), np.nan)
    place = {number: column for column, number in enumerate(form.numbers)}
    for row, found in enumerate(rows):
        for number, answer in found.items():
            if answer is not None:
                matrix[row, place[number]] = answer
    states: Counter[str] = Counter({state.value: 0 for state in AnswerState})
    states.update(item.state for each in kept for item in each.items)
    cells = tuple(None if each.points is not None else int(each.record.spec["cell"]) for each in kept)
    return Answers(matrix, tuple(respondents), tuple(repeats), (*problems, *about), states, cells)
