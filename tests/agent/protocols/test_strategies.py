"""Persona strategies and placement: what is told, what is asked, what an answer amounts to, and what sessions make of it."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from agent.browse import main
from agent.models.base import Reply
from agent.models.filling import fill
from agent.preparing import persona_record
from agent.protocols.base import AnswerState, Decision, FeedbackProtocol, Question, stimulus_slots
from agent.protocols.feed import FeedProtocol
from agent.protocols.registry import PROTOCOLS, make_protocol
from agent.protocols.strategies.isq import IsqAnswer
from agent.protocols.strategies.registry import STRATEGIES, asked_protocol, make_strategy
from agent.protocols.strategies.simple import SimpleAnswer, numbered, sentences, told_sentences
from agent.session import run_session
from agent.spec import JUDGING, SessionSpec, make_spec
from agent.trace.events import AnswerEvent, parse_event
from agent.trace.reader import SessionFolder
from environments.base import ActionKind, Frame, Stimulus, StimulusText
from environments.canonical import content_hash
from personas import load_persona
from personas.errors import SpecError
from tests.agent.driving import script

GRADED = ("visual_appeal", "curiosity_stimulation", "emotional_engagement", "value_expectation")
STIMULUS = Stimulus("clip", 0, tuple(Frame.of(b"%d" % n, float(n)) for n in range(3)), StimulusText(caption="a caption"), 8.0, "test")
FITTING = [(s, p) for s, p in product(STRATEGIES, PROTOCOLS) if not STRATEGIES[s].protocols or p in STRATEGIES[s].protocols]


def slots(**more: str) -> dict[str, str]:
    return stimulus_slots(STIMULUS) | {"persona": "You are P.\n\n\nReally.", "memory": "", "persona_name": "p"} | more


def isq(*graded: int, match: Any = 0, act: Any = 0) -> dict[str, Any]:
    return dict(zip(GRADED, graded, strict=True)) | {"preference_match": match, "willingness_to_act": act, "reason": "so"}


def read(strategy: str, answer: dict[str, Any] | str) -> tuple[AnswerState, Decision | None]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    found = asked_protocol("feed", strategy, "system").interpret("feed", Reply(text), STIMULUS)
    return found.state, found.decision


def stages(protocol: FeedbackProtocol) -> tuple[str, ...]:
    return ("glance", "react") if protocol.first_stage == "glance" else (protocol.first_stage,)


def final_answers(path: Path) -> list[AnswerEvent]:
    return [event for event in SessionFolder(path).events() if isinstance(event, AnswerEvent) and event.final]


def test_the_default_asks_as_before() -> None:
    """With `narrative` and `system`, protocol, persona text and spec hash are what they were before there were strategies."""
    persona = load_persona("hedonist")
    for name in PROTOCOLS:
        assert type(asked_protocol(name, "narrative", "system")) is PROTOCOLS[name]
    assert [make_strategy("narrative").persona_text(persona, n) for n in range(3)] == [text.text for text in persona.texts]
    played = persona_record(persona, SessionSpec())
    assert SessionSpec().hash(played) == content_hash([{}, played])
    assert content_hash([FeedProtocol().template("feed", cell).hash for cell in range(6)])[:12] == "d7512b36793d"


@pytest.mark.parametrize(("strategy", "protocol"), FITTING)
def test_template_and_prompt_agree(strategy: str, protocol: str) -> None:
    """In either placement the prompt is the rendered template, for every strategy, protocol, stage and cell."""
    for placement in ("system", "user"):
        asked = asked_protocol(protocol, strategy, placement)
        for stage, cell in product(stages(asked), range(asked.cells)):
            prompt = asked.prompt(Question(stage, cell, {"glance": "{}"}), STIMULUS, slots(), 1)
            system, user = asked.template(stage, cell).render(prompt.slots)
            first_system, first = asked.template(asked.first_stage, cell).render(prompt.slots)
            assert (prompt.system, prompt.turns[0].text) == (first_system, first)
            assert prompt.turns[-1].text == user
            assert stage != asked.first_stage or prompt.system == system
            assert prompt.answer is asked.template(stage, cell).answer


@pytest.mark.parametrize("protocol", [name for name in PROTOCOLS if name not in JUDGING])
def test_the_persona_moves_to_the_user(protocol: str) -> None:
    """With `user` nothing is in the system message, the first user turn opens with the persona, pictures stay, and the hash is another."""
    system, user = (asked_protocol(protocol, "narrative", placement) for placement in ("system", "user"))
    for stage in stages(user):
        before, after = (each.prompt(Question(stage, 1, {"glance": "{}"}), STIMULUS, slots(), 1) for each in (system, user))
        assert after.system == ""
        assert after.turns[0].text == f"You are P.\n\nReally.\n\n{before.turns[0].text}"
        assert [turn.text for turn in after.turns[1:]] == [turn.text for turn in before.turns[1:]]
        assert [turn.images for turn in after.turns] == [turn.images for turn in before.turns]
        assert user.template(stage, 1).hash != system.template(stage, 1).hash
    silent = user.prompt(Question(user.first_stage, 0), STIMULUS, slots(persona=""), 1)
    assert silent.turns[0].text == system.prompt(Question(system.first_stage, 0), STIMULUS, slots(persona=""), 1).turns[0].text


@pytest.mark.parametrize("strategy", ["simple", "isq"])
def test_six_different_cells(strategy: str) -> None:
    """All six cells differ in their words, and the odd ones in the order of the options of their schema."""
    asked = asked_protocol("feed", strategy, "system")
    templates = [asked.template("feed", cell) for cell in range(asked.cells)]
    assert len({each.hash for each in templates}) == len({each.user for each in templates}) == 6
    options = [next(field["enum"] for field in each.schema["properties"].values() if "enum" in field) for each in templates]
    assert options[0] == options[2] == options[1][::-1]
    assert all(name in each.user for each in templates for name in each.answer.model_fields)


def test_simple_numbers_traits_or_sentences() -> None:
    """`simple` tells the traits, numbered from 1; without traits the sentences of the wording; of `empty` nothing."""
    simple = make_strategy("simple")
    baker, hedonist = load_persona("night-baker"), load_persona("hedonist")
    assert told_sentences(simple.persona_text(baker, 1)) == baker.traits
    assert simple.persona_text(baker, 0).splitlines()[1] == f"1. {baker.traits[0]}"
    for number in range(3):
        told = told_sentences(simple.persona_text(hedonist, number))
        assert len(told) >= 3
        assert " ".join(told) == hedonist.text(number)
    assert simple.persona_text(load_persona("empty"), 0) == ""


def test_sentences_end_where_they_end() -> None:
    """A full stop after "Mr." or an initial ends nothing; a closing quote, a line break and a Chinese full stop do."""
    text = 'You know Mr. Haddad. You say "yes!" J. Doe laughs.\nSo do I. Then 你好。再见'
    assert sentences(text) == ("You know Mr. Haddad.", 'You say "yes!"', "J. Doe laughs.", "So do I.", "Then 你好。", "再见")
    assert numbered(("a\n2. forged",)).count("\n") == 1


def test_the_trait_number_is_kept() -> None:
    """`trait_num` stands before the reason, reaches the decision's scores, and is a whole number from 0."""
    fields = list(SimpleAnswer.model_fields)
    assert fields.index("trait_num") == fields.index("reason") - 1
    answer = {"action": "like", "watch_fraction": 1, "rating": 5, "trait_num": 3, "reason": "so"}
    assert read("simple", answer) == (AnswerState.ANSWERED, Decision(ActionKind.LIKE, 1.0, 5, "so", {"trait_num": 3.0}))
    for wrong in (-1, 1.5, True, None):
        assert read("simple", answer | {"trait_num": wrong})[0] is AnswerState.UNPARSABLE
    assert read("simple", {key: value for key, value in answer.items() if key != "trait_num"})[0] is AnswerState.UNPARSABLE


def test_isq_follows_the_formula() -> None:
    """S % = (va + cs + ee + ve + 10 pa + 10 ad) / 60 × 100, yes from 60 on, rating S % / 20 rounded half up: over all sums and splits."""
    for total, match, act in product(range(41), (0, 1), (0, 1)):
        each, more = divmod(total, 4)
        state, decision = read("isq", isq(*(each + (n < more) for n in range(4)), match=match, act=act))
        percent = Decimal(total + 10 * match + 10 * act) / 60 * 100
        assert state is AnswerState.ANSWERED
        assert decision is not None
        assert decision.scores is not None
        yes = percent >= 60
        assert decision.action is (ActionKind.LIKE if yes else ActionKind.SKIP)
        assert decision.watch_fraction == (1.0 if yes else 0.05)
        assert decision.rating == int((Decimal(total + 10 * match + 10 * act) / 12).quantize(Decimal(1), ROUND_HALF_UP))
        assert decision.scores["isq_percent"] == pytest.approx(float(percent), abs=0.005)
        assert sum(decision.scores[name] for name in GRADED) == total


def test_isq_takes_whole_scores_only() -> None:
    """A graded score outside 0 to 10, or a truth value, cannot be read; true and false are 1 and 0 where yes or no is asked."""
    assert read("isq", isq(4, 4, 4, 4, match=True, act=1))[1] == read("isq", isq(4, 4, 4, 4, match=1, act=True))[1]
    for wrong in (
        isq(11, 0, 0, 0),
        isq(-1, 0, 0, 0),
        isq(0, 0, 0, 0, match=2),
        isq(True, 0, 0, 0),
        isq(1, 2, 3, 4) | {"act": 1, GRADED[0]: 1.5},
    ):
        assert read("isq", wrong)[0] is AnswerState.UNPARSABLE
    assert read("isq", "I'm sorry, I can't help with that.")[0] is AnswerState.REFUSED


@pytest.mark.parametrize("rating", range(6))
def test_who_answers_by_rule_gets_the_same_rating_back(rating: int) -> None:
    """The questionnaire that a decision fills gives its rating again, and no sub-score falls when the rating rises."""
    filled = fill(IsqAnswer, Decision(ActionKind.WATCH, 0.5, rating, "so"))
    assert list(filled) == list(IsqAnswer.model_fields)
    decision = read("isq", filled)[1]
    assert decision is not None
    assert decision.rating == rating
    if rating:
        lower = fill(IsqAnswer, Decision(ActionKind.WATCH, 0.5, rating - 1))
        assert all(filled[name] >= lower[name] for name in lower if name != "reason")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", ["planted/persona", "scripted/like", "reader"])
def test_embedded_respondents_answer_every_strategy(strategy: str, model: str, tmp_path: Path) -> None:
    """The reader, the planted process and a script answer each strategy with the persona in the user's message; none is unparsable."""
    spec = SessionSpec(persona="night-baker", model=model, strategy=strategy, placement="user", videos=3)
    result = run_session(spec, runs=tmp_path)
    answers = final_answers(result.path)
    assert [answer.outcome for answer in answers] == [AnswerState.ANSWERED] * 3
    wanted = {"simple": {"trait_num"}, "isq": {*GRADED, "preference_match", "willingness_to_act", "isq_percent"}}.get(strategy)
    for answer in answers:
        assert answer.decision is not None
        assert (None if answer.decision.scores is None else set(answer.decision.scores)) == wanted
    if strategy == "simple" and model != "reader":
        assert {json.loads(answer.raw)["trait_num"] for answer in answers} == {0}
    if model == "scripted/like":
        assert {answer.decision.action for answer in answers if answer.decision} == {ActionKind.LIKE}
    record = SessionFolder(result.path).record()
    assert record["persona"].get("told", record["persona"]["text"]) == make_strategy(strategy).persona_text(load_persona("night-baker"), 0)


@pytest.mark.parametrize("model", ["planted/persona", "reader"])
def test_nothing_told_moves_nobody(model: str, tmp_path: Path) -> None:
    """With `none`, all personas answer alike: synthetic respondents are given neither target nor name; with `narrative` they differ."""

    def raw(persona: str, strategy: str) -> list[str]:
        spec = SessionSpec(persona=persona, model=model, strategy=strategy, videos=6)
        return [answer.raw for answer in final_answers(run_session(spec, runs=tmp_path).path)]

    assert raw("hedonist", "none") == raw("low-hedonism", "none")
    assert raw("hedonist", "narrative") != raw("low-hedonism", "narrative")


def test_the_reader_names_the_sentence_that_decided(tmp_path: Path) -> None:
    """Of numbered sentences about one thing each, the reader names some and, over a few clips, not always the same."""
    (tmp_path / "me.toml").write_text(
        'traits = ["I love cakes, pleasure and long warm baths.", "I love customs, folk songs and village feasts.", "I own a telephone."]'
    )
    spec = SessionSpec(persona=str(tmp_path / "me.toml"), strategy="simple", videos=12)
    named = [json.loads(answer.raw)["trait_num"] for answer in final_answers(run_session(spec, runs=tmp_path).path)]
    assert {1, 2} <= set(named) <= {0, 1, 2, 3}


def test_a_session_of_a_strategy_resumes(tmp_path: Path) -> None:
    """A session cut off by a limit carries on under the same spec, and another strategy is another session."""
    from agent.spec import Limits

    spec = SessionSpec(model="planted/persona", persona="hedonist", strategy="isq", placement="user", videos=4)
    whole = run_session(spec, runs=tmp_path / "whole")
    run_session(spec, runs=tmp_path / "cut", session="s", limits=Limits(max_steps=2))
    again = run_session(spec, runs=tmp_path / "cut", session="s")
    assert [a.decision for a in final_answers(again.path)] == [a.decision for a in final_answers(whole.path)]
    with pytest.raises(SpecError, match="strategy 'isq', now 'none'"):
        run_session(spec.model_copy(update={"strategy": "none"}), runs=tmp_path / "cut", session="s")


def test_old_traces_open() -> None:
    """An answer that was written without `scores` is read, and none is written where there are none."""
    decision = {"action": "like", "watch_fraction": 1.0}
    line = {"type": "answer", "step": 0, "stage": "feed", "attempt": 0, "outcome": "answered", "final": True, "decision": decision}
    event = parse_event(json.dumps(line))
    assert isinstance(event, AnswerEvent)
    assert event.decision is not None
    assert event.decision.scores is None
    assert "scores" not in event.model_dump_json(exclude_none=True)


def test_a_script_may_write_out_a_questionnaire(tmp_path: Path) -> None:
    """An entry with the six scores under the task feed.isq answers it."""
    model = script(tmp_path / "s.jsonl", {"task": "feed.isq", "answer": isq(5, 5, 5, 5, match=1, act=1)})
    answers = final_answers(run_session(SessionSpec(model=model, strategy="isq", videos=2), runs=tmp_path).path)
    assert [answer.decision.rating for answer in answers if answer.decision] == [3, 3]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"strategy": "isq", "protocol": "staged"}, "strategy isq asks in the protocol feed, not staged"),
        ({"strategy": "simple", "protocol": "likert", "environment": "deck"}, "strategy simple asks in the protocol feed, not likert"),
        ({"strategy": "poem"}, "strategy: choose one of: narrative, none, simple, isq"),
        ({"placement": "margin"}, "placement: choose one of: system, user"),
    ],
)
def test_what_does_not_go_together_is_told_in_one_line(
    fields: dict[str, str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An unknown strategy or placement, and one that the protocol cannot ask, are refused with what to change."""
    with pytest.raises(SpecError, match=said):
        make_spec(**fields)
    options = [word for name, value in fields.items() for word in (f"--{name}", value)]
    assert main([*options, "--runs", str(tmp_path / "runs")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "runs").exists()


def test_unknown_names_are_refused_in_python_too() -> None:
    """`asked_protocol` names the choices, and says which of protocol and strategy do not go together."""
    with pytest.raises(SpecError, match="choose one of: narrative"):
        asked_protocol("feed", "poem", "system")
    with pytest.raises(SpecError, match="choose one of: system"):
        asked_protocol("feed", "narrative", "margin")
    with pytest.raises(SpecError, match="not staged"):
        asked_protocol("staged", "isq", "system")
    assert make_protocol("feed").template("feed", 0).hash == asked_protocol("feed", "none", "system").template("feed", 0).hash
