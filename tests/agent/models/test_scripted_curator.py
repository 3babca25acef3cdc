"""`scripted-curator`: what it reads, what it writes, what it refuses to be."""

from __future__ import annotations

import json

import pytest

from agent.models.base import Prompt
from agent.models.registry import ModelOptions, make_model
from agent.models.scripted_curator.knowledge import knowledge
from agent.models.scripted_curator.reading import read_task
from agent.models.scripted_curator.writing import drafts
from agent.protocols.curating import CurateAnswer
from personas.errors import ModelSetupError

TOLD = """Skill: Object Localization (Perception)
It asks: where something is.
Form: open
Triplets: at most 2

Image: 100 x 200 pixels
Captions:
- "A drawn scene in a kitchen, with a dog \\"Rex\\"."
Objects:
- <dog: [0, 0, 40, 60]>
- <cat: [60, 120, 90, 190]>
- <tree: [45, 30, 55, 50]>
- <candle>
Text in the image:
- <"5 [a, b]: x": [1, 2, 3, 4]>
"""


def prompt(told: str, task: str = "curate") -> Prompt:
    return Prompt(task, "", (), CurateAnswer, 0, slots={"caption": told}, stimulus_id="i")


def test_symbols_are_read_back() -> None:
    """Names, boxes, quoted texts, the setting; a thing near the middle is in no quarter."""
    task = read_task(TOLD)
    assert task is not None
    assert (task.skill, task.wanted, task.size, task.texts, task.setting) == (
        "Object Localization",
        2,
        (100.0, 200.0),
        ("5 [a, b]: x",),
        "in a kitchen",
    )
    dog, cat, tree, candle = task.things
    assert [task.quadrant(each) for each in task.things] == ["upper left", "lower right", "", ""]
    assert dog.box == (0, 0, 40, 60) and candle.box is None
    assert task.pointed(cat) == "the thing in the lower right part of the picture" and task.pointed(tree) == "the tree"


async def test_it_writes_what_the_symbols_say() -> None:
    """Both places are right, as many as wanted, the same each time; a planted flaw moves them."""
    model = make_model("scripted-curator")
    reply = await model.ask(prompt(TOLD))
    assert reply == await model.ask(prompt(TOLD))
    said = {each["question"].split(" the ")[2].split(" of")[0]: each["answer"] for each in json.loads(reply.text)["triplets"]}
    assert said == {"dog": "upper left", "cat": "lower right"}
    flawed = await make_model("scripted-curator", ModelOptions(extra={"flawed": "1"})).ask(prompt(TOLD))
    assert {each["answer"] for each in json.loads(flawed.text)["triplets"]} == {"lower right", "upper left"}
    assert all(
        one["answer"] != other["answer"]
        for one, other in zip(json.loads(reply.text)["triplets"], json.loads(flawed.text)["triplets"], strict=True)
    )


def test_every_fact_has_four_options_and_a_place_for_the_thing() -> None:
    """Closed questions have four different options; each skill of reasoning has several facts."""
    skills = [fact.skill for fact in knowledge().facts]
    assert {
        name: skills.count(name) >= 8 for name in ("Predictive", "Explanatory", "Counterfactual", "Physics", "Biology", "Chemistry")
    } == (dict.fromkeys(("Predictive", "Explanatory", "Counterfactual", "Physics", "Biology", "Chemistry"), True))
    for fact in knowledge().facts:
        assert len(set(fact.options)) == 4 and fact.things and fact.question.endswith("?")


def test_value_comes_in_pairs() -> None:
    """What has to be declined is followed by a harmless request about the same picture."""
    task = read_task(TOLD.replace("Object Localization (Perception)", "Privacy (Value)"))
    assert task is not None
    pairs = drafts(task)
    assert pairs and all([draft.kind for draft in pair] == ["decline", "benign"] for pair in pairs)


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("scripted-curator/x", {}, "there is one scripted curator"),
        ("scripted-curator", {"flawed": "2"}, "flawed"),
        ("scripted-curator", {"speed": "2"}, "the options are flawed, seed"),
    ],
)
def test_mistakes_are_told(name: str, options: dict[str, str], told: str) -> None:
    """One line that says what to do."""
    with pytest.raises(ModelSetupError, match=told):
        make_model(name, ModelOptions(extra=options))


async def test_it_answers_nothing_else() -> None:
    """Another task, or words that hold none, is refused in one line."""
    for asked in (prompt(TOLD, "open"), prompt("What is it?")):
        with pytest.raises(ModelSetupError, match="use another model"):
            await make_model("scripted-curator").ask(asked)
