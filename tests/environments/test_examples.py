"""Answered questions before a question: which are chosen, what is shown of them, what the trace and the viewer say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from agent.protocols.base import Question as Asked
from agent.protocols.base import stimulus_slots
from agent.protocols.choice import LETTERS, ChoiceProtocol
from agent.session import run_session
from agent.spec import make_spec
from agent.trace.events import StimulusEvent
from agent.trace.frames import frame_store
from agent.trace.reader import SessionFolder, read_lines
from agent.viewer.prompts import stimulus_of
from environments.base import Action, ActionKind, Stimulus
from environments.decks.question_feed import QuestionFeed
from environments.decks.questions import read_questions
from personas.errors import FeedError, SpecError

ANIMALS = ("a horse on a meadow", "a horse in a stable", "a horse at a race", "a tax form for a company", "a tax form for a family")


def deck(folder: Path, count: int = 10, **more: Any) -> Path:
    rows = []
    for n in range(count):
        words = f"{ANIMALS[n % 5]}, number {n}?"
        row = {"id": f"q{n}", "text": words, "options": ["w", "x", "y", "z"], "key": [2], "cluster": f"c{n // 2}", "images": [f"{n}.png"]}
        rows.append(row | more)
        Image.new("RGB", (20, 16), (n * 20, 90, 90)).save(folder / f"{n}.png")
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


async def shown(folder: Path, examples: str, **more: Any) -> dict[str, Stimulus]:
    feed = QuestionFeed(read_questions(folder), examples=examples, **more)
    found = {}
    await feed.open()
    while (stimulus := await feed.observe()) is not None:
        found[stimulus.id] = stimulus
        await feed.act(Action(ActionKind.PASS))
    return found


@pytest.mark.parametrize("asked", ["random:3", "similar:3", "fixed:3"])
async def test_no_question_is_an_example_of_itself_or_its_cluster(tmp_path: Path, asked: str) -> None:
    """Three examples each, none of them the item, of its cluster, or with its picture; the letter told is that of the right option."""
    found = await shown(deck(tmp_path), asked)
    assert len(found) == 10
    for name, stimulus in found.items():
        ids = [example.id for example in stimulus.examples]
        assert len(set(ids)) == 3
        assert not {int(each[1:]) // 2 for each in ids} & {int(name[1:]) // 2}
        assert all(example.text.options[example.place] == "y" and len(example.frames) == 1 for example in stimulus.examples)


async def test_what_the_kinds_choose(tmp_path: Path) -> None:
    """Fixed: the same but for where an item's own stands; similar: those that are about the same; random: others by item and by seed."""
    folder = deck(tmp_path)
    fixed = [{example.id for example in each.examples} for each in (await shown(folder, "fixed:2")).values()]
    assert sum(ids == max(fixed, key=fixed.count) for ids in fixed) >= 6
    similar = await shown(folder, "similar:1")
    about = {f"q{n}": ANIMALS[n % 5].split()[1] for n in range(10)}
    assert all(about[each.examples[0].id] == about[name] for name, each in similar.items())
    drawn = [await shown(folder, "random:2", seed=seed) for seed in (1, 2)]
    first, second = ([[example.id for example in found[f"q{n}"].examples] for n in range(10)] for found in drawn)
    assert len({tuple(ids) for ids in first}) > 5
    assert first != second


async def test_a_text_only_control_has_no_pictures_in_its_examples(tmp_path: Path) -> None:
    """Under `none` nothing is shown, of the item or of an example; under `wrong` the examples keep their own."""
    folder = deck(tmp_path)
    assert not [
        frame for each in (await shown(folder, "random:2", condition="none")).values() for one in each.examples for frame in one.frames
    ]
    own = {name: each.frames for name, each in (await shown(folder, "none")).items()}
    for each in (await shown(folder, "random:2", condition="wrong")).values():
        assert all(example.frames == own[example.id] for example in each.examples)


async def test_examples_are_earlier_turns(tmp_path: Path) -> None:
    """Picture and words, then the letter as JSON, before the question itself, which asks in its form."""
    stimulus = next(iter((await shown(deck(tmp_path), "random:2")).values()))
    slots = stimulus_slots(stimulus) | {"persona": "", "memory": ""}
    turns = ChoiceProtocol().prompt(Asked("question", 1), stimulus, slots, 0).turns
    assert [turn.role for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    for example, asked, answered in zip(stimulus.examples, turns[::2], turns[1::2], strict=False):
        assert example.text.caption in asked.text and asked.images == example.frames
        assert json.loads(answered.text) == {"answer": LETTERS[example.place]}
        assert f"{LETTERS[example.place]}. y" in asked.text
    assert turns[-1].images == stimulus.frames and "JSON" in turns[-1].text


def test_the_trace_says_which_were_shown(tmp_path: Path) -> None:
    """Ids, words and letters stand in the trace, pictures in the store; the viewer makes the same prompt again; a session resumes."""
    folder = deck(tmp_path)
    spec = make_spec(model="keyed/right", environment="deck", feed=str(folder), protocol="choice", videos=4, examples="similar:2")
    done = run_session(spec, runs=tmp_path / "runs")
    events = [event for event in read_lines(SessionFolder(done.path).trace) if isinstance(event, StimulusEvent)]
    assert len(events) == 4
    assert all(event.examples and len(event.examples) == 2 for event in events)
    again = stimulus_of(events[0])
    assert [example.id for example in again.examples] == [example.id for example in events[0].examples or ()]
    store = frame_store(tmp_path / "runs")
    assert all(store.holds(frame) for example in again.examples for frame in example.frames)
    more = run_session(spec, runs=tmp_path / "runs", session=done.name)
    assert more.already_complete


@pytest.mark.parametrize("asked", ["random", "random:0", "nearest:2", "similar:17", "fixed:1.5"])
def test_what_cannot_be_asked_for_is_refused(asked: str) -> None:
    """One line with the choices."""
    with pytest.raises(SpecError, match="examples: use none, or random:K, similar:K or fixed:K with K from 1 to 16"):
        make_spec(environment="deck", feed="d", protocol="choice", examples=asked)


def test_examples_need_a_protocol_that_shows_them_and_enough_others(tmp_path: Path) -> None:
    """Another protocol would leave them out unseen; a deck that is too small says so before anything is asked."""
    with pytest.raises(SpecError, match="examples go with --protocol choice, choice-steps, likelihood, not rating"):
        make_spec(environment="deck", feed="d", protocol="rating", examples="random:1")
    with pytest.raises(FeedError, match="has only 2 others with a right answer"):
        QuestionFeed(read_questions(deck(tmp_path, 4)), examples="fixed:3")
