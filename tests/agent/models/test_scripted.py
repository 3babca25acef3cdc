"""`scripted/FILE`."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from agent.models.base import Prompt, Turn
from agent.models.registry import ModelOptions, make_model
from agent.models.scripted import BUILT_IN, Scripted, build
from agent.protocols.base import AnswerState, interpret_json
from agent.protocols.feed import FeedAnswer
from agent.protocols.staged import GlanceAnswer, ReactAnswer
from environments.canonical import derived_seed
from personas.errors import ModelSetupError, Rejected, Throttled, Unavailable

ANSWERS = {"feed": FeedAnswer, "staged.glance": GlanceAnswer, "staged.react": ReactAnswer}


def prompt(stimulus: str = "clip-1", task: str = "feed", seed: int = 1, turns: int = 1) -> Prompt:
    return Prompt(
        task=task, system="You.", turns=(Turn("user", "?"),) * turns, answer=ANSWERS[task], seed=seed, slots={}, stimulus_id=stimulus
    )


def script(folder: Path, *entries: object, name: str = "script.jsonl") -> Scripted:
    path = folder / name
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return build(str(path), ModelOptions())


async def test_the_closest_entry_answers(tmp_path: Path) -> None:
    """An entry for the stimulus and task goes before one for the stimulus, that before one for the task, that before a default."""
    model = script(
        tmp_path,
        {"default": True, "answer": "any"},
        {"task": "feed", "answer": "task"},
        {"stimulus": "clip-1", "answer": "stimulus"},
        {"stimulus": "clip-1", "task": "feed", "answer": "both"},
    )
    assert (await model.ask(prompt())).text == "both"
    assert (await model.ask(prompt(task="staged.react"))).text == "stimulus"
    assert (await model.ask(prompt(stimulus="clip-2"))).text == "task"
    assert (await model.ask(prompt(stimulus="clip-2", task="staged.react"))).text == "any"


async def test_an_entry_for_a_later_turn_answers_the_repair_question(tmp_path: Path) -> None:
    """`turns` tells the first question from the one that asks again."""
    model = script(tmp_path, {"answer": "mumble", "turns": 1}, {"answer": {"action": "like"}, "turns": 3})
    assert (await model.ask(prompt(turns=1))).text == "mumble"
    assert json.loads((await model.ask(prompt(turns=3))).text) == {"action": "like"}


async def test_answers_do_not_depend_on_what_was_asked_before(tmp_path: Path) -> None:
    """A resumed session, which asks only the second half and in a new process, hears what the whole one heard; defaults are all used."""
    entries = [{"answer": str(n)} for n in range(5)]
    prompts = [prompt(stimulus=f"clip-{n}", seed=derived_seed(7, n)) for n in range(200)]
    whole = [(await script(tmp_path, *entries).ask(p)).text for p in prompts]
    resumed = script(tmp_path, *entries)
    shuffled = list(enumerate(prompts))[100:]
    random.Random(3).shuffle(shuffled)
    for n, p in shuffled:
        assert (await resumed.ask(p)).text == whole[n]
    assert min(Counter(whole)[str(n)] for n in range(5)) >= 20


async def test_refusals_usage_and_finish_reason_arrive_as_written(tmp_path: Path) -> None:
    """An entry can refuse, claim tokens, and be cut off."""
    model = script(
        tmp_path,
        {"stimulus": "a", "refusal": "no."},
        {"stimulus": "b", "answer": '{"action": "li', "finish_reason": "length", "usage": {"input": 900, "output": 7}},
    )
    refused = await model.ask(prompt("a"))
    assert (refused.text, refused.refusal, refused.cost_usd) == ("", "no.", 0)
    cut = await model.ask(prompt("b"))
    assert (cut.finish_reason, cut.usage.input, cut.usage.output) == ("length", 900, 7)


@pytest.mark.parametrize(("name", "error"), [("unavailable", Unavailable), ("throttled", Throttled), ("rejected", Rejected)])
async def test_an_entry_can_fail(tmp_path: Path, name: str, error: type[Exception]) -> None:
    """Each kind of failed call can be scripted."""
    with pytest.raises(error, match="script"):
        await script(tmp_path, {"error": name}).ask(prompt())


async def test_a_json_list_is_a_script_too(tmp_path: Path) -> None:
    """A file that holds one JSON list gives its entries."""
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"decide": "skip"}], indent=2), encoding="utf-8")
    reply = await make_model(f"scripted/{path}").ask(prompt())
    assert json.loads(reply.text)["action"] == "skip"


@pytest.mark.parametrize("name", ["like", "watch", "skip", "mixed"])
@pytest.mark.parametrize("task", sorted(ANSWERS))
async def test_built_in_scripts_answer_every_protocol(name: str, task: str) -> None:
    """A built-in script fills the answer of any task; `like` likes where liking is offered and goes on watching at a glance."""
    reply = await make_model(f"scripted/{name}").ask(prompt(task=task))
    state, answer, fault = interpret_json(reply, ANSWERS[task])
    assert state is AnswerState.ANSWERED, fault
    if name == "like":
        assert answer is not None
        assert answer.model_dump()["action"] == ("watch" if task == "staged.glance" else "like")


async def test_built_in_scripts_refuse_and_mumble() -> None:
    """`refuse` ends as a refusal, `garbage` as unparsable."""
    states = [interpret_json(await make_model(f"scripted/{name}").ask(prompt()), FeedAnswer)[0] for name in ("refuse", "garbage")]
    assert states == [AnswerState.REFUSED, AnswerState.UNPARSABLE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"decide": "like"}\n{"decide": "dance"}', ":2: decide: Input should be 'skip', 'watch' or 'like'"),
        ('{"decide": "like"}\n\n{"answer": ', ":3: not valid JSON"),
        ('{"decide": "like", "answer": "x"}', ":1: give exactly one of answer, decide, refusal and error (found answer, decide)"),
        ('{"stimulus": "a"}', "found none"),
        ('{"decide": "like", "stimulis": "a"}', ":1: stimulis: Extra inputs are not permitted"),
        ('{"decide": "like", "default": true, "stimulus": "a"}', "cannot be the default"),
        ('{"answer": {"rating": NaN}}', "NaN is not a JSON value"),
        ('[{"decide": "like"}, 3]', ", entry 2: "),
        ("[" * 200_000, "not valid JSON"),
        ('{"answer": "x", "usage": {"input": -1}}', ":1: usage.input: "),
        ("  \n", "is empty"),
    ],
)
def test_a_bad_script_is_one_line_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    """What is wrong with a script is said in one line that names the file and the line."""
    path = tmp_path / "bad.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelSetupError) as caught:
        build(str(path), ModelOptions())
    message = str(caught.value)
    assert says in message
    assert str(path) in message
    assert "\n" not in message


def test_a_script_that_is_no_file_lists_the_built_in_ones(tmp_path: Path) -> None:
    """An unknown script name lists the choices; bytes that are no text are named; options are turned away."""
    with pytest.raises(ModelSetupError, match=", ".join(BUILT_IN)):
        build("lik", ModelOptions())
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelSetupError, match="not UTF-8"):
        build(str(tmp_path / "bytes"), ModelOptions())
    with pytest.raises(ModelSetupError, match="--model-option"):
        build("like", ModelOptions(extra={"x": "1"}))


async def test_a_script_without_a_fitting_entry_says_what_to_add(tmp_path: Path) -> None:
    """A question that no entry fits is the user's to mend, not an answer."""
    with pytest.raises(ModelSetupError, match="'feed' on the stimulus 'clip-9'"):
        await script(tmp_path, {"stimulus": "clip-1", "decide": "like"}).ask(prompt("clip-9"))
