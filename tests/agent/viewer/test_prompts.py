"""Prompts as the viewer shows them are the prompts that went out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.models.base import Prompt, Reply
from agent.protocols.strategies.isq import IsqAnswer
from agent.viewer.reading import Reading
from agent.viewer.shelf import Shelf
from tests.agent.driving import GLANCE, REACT, Spy
from tests.agent.viewer.traces import clips, reply, run, session, shelf, step

pytestmark = pytest.mark.usefixtures("own_cache")


def rebuilt(found: Shelf, name: str) -> list[dict[str, Any]]:
    """All questions of a session, in order."""
    return [ask for row in session(found, name)["steps"] for ask in step(found, name, row["step"])["asks"]]


def check_same(asks: list[dict[str, Any]], sent: list[Prompt]) -> None:
    """The words, the pictures and the schema of every question are those that were sent."""
    assert len(asks) == len(sent) > 0
    for ask, prompt in zip(asks, sent, strict=True):
        turns = [{"role": turn.role, "text": turn.text, "images": [image.sha256 for image in turn.images]} for turn in prompt.turns]
        assert ask["system"] == prompt.system
        assert ask["turns"] == turns
        assert ask["user"] == prompt.turns[-1].text
        assert ask["seed"] == str(prompt.seed)
        assert ask["verified"] and ask["unfilled"] == []


STAGED = (Reply(json.dumps(GLANCE)), Reply(json.dumps(REACT)), Reply(json.dumps({"action": "skip", "reason": "no"})))


class Turns(Spy):
    """Answers in turn, again and again."""

    async def ask(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt)
        found = self.replies[(len(self.asked) - 1) % len(self.replies)]
        assert isinstance(found, Reply)
        return found


@pytest.mark.parametrize("placement", ["system", "user"])
@pytest.mark.parametrize("strategy", ["narrative", "none", "simple", "isq"])
async def test_every_strategy_and_placement_is_shown_as_sent(strategy: str, placement: str, tmp_path: Path) -> None:
    """System message, user turns, memory, pictures and seed are byte for byte those of the prompt, over all six cells."""
    text = {"action": "like", "watch_fraction": 0.9, "rating": 4, "trait_num": 1, "reason": "I do"}
    text = dict.fromkeys(IsqAnswer.model_fields, 1) | {"reason": "I do"} if strategy == "isq" else text
    model = Turns((Reply(json.dumps(text)),))
    await run(tmp_path, "s", model, stimuli=clips(7), persona="hedonist", strategy=strategy, placement=placement, memory="recent:3")
    check_same(rebuilt(shelf(tmp_path), "s"), model.asked)


@pytest.mark.parametrize("placement", ["system", "user"])
async def test_stages_and_repairs_are_whole_conversations(placement: str, tmp_path: Path) -> None:
    """A reaction stands after the glance and its answer; a repair question after the bad answer, in either stage."""
    bad = Reply("maybe?")
    model = Turns((STAGED[0], STAGED[1], bad, STAGED[2], STAGED[0], bad, STAGED[1], bad, STAGED[0], bad, bad))
    await run(tmp_path, "s", model, stimuli=clips(6), persona="guardian", protocol="staged", placement=placement, memory="recent:2")
    asks = rebuilt(shelf(tmp_path), "s")
    check_same(asks, model.asked)
    assert {(ask["stage"], ask["attempt"]) for ask in asks} == {("glance", 0), ("react", 0), ("glance", 1), ("react", 1)}


@pytest.mark.parametrize(("protocol", "fields"), [("spectrum", {"placement": "user"}), ("judge", {}), ("judge-script", {})])
async def test_every_protocol_is_shown_as_sent(protocol: str, fields: dict[str, Any], tmp_path: Path) -> None:
    """Protocols fill slots of their own: the viewer has the session's protocol make the prompt again."""
    script = {"scene": "a street", "speech": "", "on_screen_text": "", "caption": "", "sound": ""}
    model = Turns((Reply(json.dumps(script)), Reply("what?"), Reply("what?")))
    await run(tmp_path, "s", model, stimuli=clips(3), protocol=protocol, **fields)
    check_same(rebuilt(shelf(tmp_path), "s"), model.asked)


async def test_phases_show_the_persona_of_their_own(tmp_path: Path) -> None:
    """Each step's question is in the words of its phase's persona, as it was told."""
    phases = ({"name": "stain", "videos": 2, "persona": "hedonist"}, {"name": "probe", "videos": 2})
    model = await run(tmp_path, "s", (reply(),), phases=phases, persona="guardian", strategy="simple", policy="adaptive")
    found = shelf(tmp_path)
    check_same(rebuilt(found, "s"), model.asked)
    assert [row["phase"] for row in session(found, "s")["steps"]] == ["stain", "stain", "probe", "probe"]


async def test_a_changed_template_is_told(tmp_path: Path) -> None:
    """A prompt event whose words are not those of its hash is shown, and marked as not verified."""
    await run(tmp_path, "s", (reply(),), stimuli=clips(1))
    trace = tmp_path / "s" / "trace.jsonl"
    trace.write_text(trace.read_text().replace("JSON object", "XML object"))
    (ask,) = rebuilt(shelf(tmp_path), "s")
    assert not ask["verified"] and "XML object" in ask["user"]


async def test_one_step_is_read_without_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The details of a step come from its own lines and its template's, however long the trace is."""
    await run(tmp_path, "s", (reply(),), stimuli=clips(40))
    found = shelf(tmp_path)
    session(found, "s")
    from agent.viewer import details

    lines: list[int] = []
    real = details.read_located

    def counted(*arguments: Any, **options: Any) -> Any:
        for line in real(*arguments, **options):
            lines.append(line.number)
            yield line

    monkeypatch.setattr(details, "read_located", counted)
    assert step(found, "s", 39)["asks"][0]["verified"]
    assert len(lines) < 8


def test_slots_of_no_known_name_stand_by_their_name(tmp_path: Path) -> None:
    """A template of another version, with a slot that nothing here fills, is shown with the slot's name in its place."""
    from environments.canonical import content_hash
    from tests.agent.viewer.traces import BEGUN, answered, done, shown, write

    digest = content_hash(["$persona", "$mood and $post and $$5", None])
    prompt = {"type": "prompt", "hash": digest, "stage": "feed", "cell": 0, "system": "$persona", "user": "$mood and $post and $$5"}
    ask = {"type": "ask", "step": 0, "stage": "feed", "attempt": 0, "cell": 0, "prompt": digest, "seed": 1}
    write(tmp_path / "s", BEGUN, shown(0), prompt, ask, answered(0), done(0))
    (found,) = rebuilt(shelf(tmp_path), "s")
    assert (found["verified"], found["unfilled"], found["system"]) == (True, ["mood"], "You.")
    assert found["user"] == '$mood and caption: "caption 0"\nlength: 4 seconds and $5'
    assert isinstance(shelf(tmp_path).reading("s"), Reading)
