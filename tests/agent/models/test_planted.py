"""`planted/NAME`: the yardstick does what its equation says."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agent.models.base import Design, Prompt, Turn
from agent.models.planted import Parameters, build, decide, expected_rating
from agent.models.registry import ModelOptions, make_model
from agent.protocols.base import AnswerState, interpret_json
from agent.protocols.feed import FeedAnswer
from agent.protocols.staged import GlanceAnswer, ReactAnswer
from environments.canonical import derived_seed
from personas.errors import ModelSetupError, Unavailable

ANSWERS: dict[str, type[BaseModel]] = {"feed": FeedAnswer, "staged.glance": GlanceAnswer, "staged.react": ReactAnswer}
HEDONIST = {"HE": 1.0}


def prompt(
    stimulus: str,
    labels: Mapping[str, float] | None,
    *,
    target: Mapping[str, float] = HEDONIST,
    persona: str = "hedonist",
    task: str = "feed",
    seed: int | None = None,
    step_seed: int | None = None,
) -> Prompt:
    return Prompt(
        task=task,
        system="You.",
        turns=(Turn("user", "?"),),
        answer=ANSWERS[task],
        seed=derived_seed(stimulus, task) if seed is None else seed,
        step_seed=derived_seed(stimulus) if step_seed is None else step_seed,
        slots={"persona_name": persona},
        design=None if labels is None else Design(labels, target),
        stimulus_id=stimulus,
    )


def slope(parameters: Parameters, target: Mapping[str, float], code: str, n: int = 4000) -> float:
    """Difference in mean latent liking between stimuli that carry `code` and stimuli that do not."""
    with_, without = (
        [decide({code: x}, target, parameters, respondent="r", stimulus_id=f"{x}-{i}", seed=i).latent for i in range(n)] for x in (1.0, 0.0)
    )
    return statistics.mean(with_) - statistics.mean(without)


async def test_a_persona_likes_the_clips_of_its_target_more() -> None:
    """`planted/persona` with the target HE likes HE clips at least 20 points more often than value-free ones, in rating and in likes."""
    model = make_model("planted/persona")
    likes, ratings = {}, {}
    for kind, labels in (("HE", {"HE": 1.0}), ("none", {}), ("TR", {"TR": 1.0})):
        replies = [await model.ask(prompt(f"{kind}-{i}", labels)) for i in range(400)]
        answers = [FeedAnswer.model_validate_json(reply.text) for reply in replies]
        likes[kind] = statistics.mean(a.action == "like" for a in answers)
        ratings[kind] = statistics.mean(a.rating for a in answers)
    assert likes["HE"] - likes["none"] > 0.2
    assert ratings["HE"] - ratings["none"] > 0.6
    assert abs(likes["TR"] - likes["none"]) < 0.1


def test_the_planted_weight_is_the_slope() -> None:
    """The slope of the latent liking on a loading is `weights + gain × target`, and zero for the null respondent (4 standard errors)."""
    tolerance = 4 * (2 * (0.36 + 0.32 + 0.72) / 4000) ** 0.5
    both = Parameters(gain=1.5, weights={"HE": 0.25})
    assert slope(both, {"HE": 0.5}, "HE") == pytest.approx(1.0, abs=tolerance)
    assert slope(Parameters(), HEDONIST, "HE") == pytest.approx(0.0, abs=tolerance)
    assert expected_rating({"HE": 0.5, "SE": -1.0}, HEDONIST, both) == pytest.approx(2.5 + 0.5 * 1.75)


def test_the_variances_are_the_ones_asked_for() -> None:
    """Over respondents, stimuli and repeats the latent liking splits into item .36, respondent × item .32 and residual .72."""
    respondents, stimuli, repeats = 12, 150, 4
    latent = [
        [
            [decide({}, {}, Parameters(), respondent=f"r{a}", stimulus_id=f"s{i}", seed=1000 * a + k).latent for k in range(repeats)]
            for i in range(stimuli)
        ]
        for a in range(respondents)
    ]
    residual = statistics.mean(statistics.variance(cell) for row in latent for cell in row)
    cells = [[statistics.mean(cell) for cell in row] for row in latent]
    items = [statistics.mean(row[i] for row in cells) for i in range(stimuli)]
    spread = sum((cells[a][i] - items[i]) ** 2 for a in range(respondents) for i in range(stimuli))
    taste = spread / ((respondents - 1) * stimuli) - residual / repeats
    item = statistics.variance(items) - (taste + residual / repeats) / respondents
    assert residual == pytest.approx(0.72, rel=0.1)
    assert taste == pytest.approx(0.32, rel=0.15)
    assert item == pytest.approx(0.36, rel=0.35)


def test_one_question_has_one_answer() -> None:
    """The same respondent, stimulus and seed give the same response whatever was asked before; another seed changes the residual only."""

    def once(i: int, seed: int, respondent: str = "r") -> float:
        return decide({"HE": 1.0}, HEDONIST, Parameters(), respondent=respondent, stimulus_id=f"s{i}", seed=seed).latent

    forward = [once(i, i) for i in range(50)]
    assert [once(i, i) for i in reversed(range(50))] == forward[::-1]
    assert once(3, 3) != once(3, 4)
    assert once(3, 3) != once(3, 3, "someone else")
    still = Parameters(residual_sd=0.0)
    first, second = (decide({}, {}, still, respondent="r", stimulus_id="s", seed=seed).latent for seed in (1, 2))
    assert first == second


def test_all_respondents_share_the_appeal_of_an_item() -> None:
    """Without taste and residual, two respondents like the same stimulus equally, unless their sensitivity to appeal differs."""
    shared = Parameters(interaction_sd=0.0, residual_sd=0.0)
    varied = Parameters(interaction_sd=0.0, residual_sd=0.0, appeal_sensitivity_sd=0.2)

    def pair(parameters: Parameters) -> list[float]:
        return [decide({}, {}, parameters, respondent=who, stimulus_id="s", seed=1).latent for who in ("a", "b")]

    assert len(set(pair(shared))) == 1
    assert len(set(pair(varied))) == 2
    assert pair(shared)[0] != decide({}, {}, shared, respondent="a", stimulus_id="other", seed=1).latent


@pytest.mark.parametrize("task", sorted(ANSWERS))
async def test_every_protocol_is_answered_in_its_own_words(task: str) -> None:
    """All tasks get an answer that fits; the action follows the thresholds, and rating and watch fraction rise with the liking."""
    model = build("persona", ModelOptions())
    seen = []
    for i in range(200):
        labels, asked = {"HE": (-1.0, 0.0, 1.0)[i % 3]}, prompt(f"s{i}", {"HE": (-1.0, 0.0, 1.0)[i % 3]}, task=task)
        state, answer, fault = interpret_json(await model.ask(asked), ANSWERS[task])
        assert state is AnswerState.ANSWERED, fault
        assert answer is not None
        response = decide(
            labels, HEDONIST, model.parameters, respondent="persona|hedonist", stimulus_id=asked.stimulus_id, seed=asked.step_seed
        )
        seen.append((response.latent, answer.model_dump()))
    for latent, answer in seen:
        wanted = "skip" if latent < 1.5 else "like" if latent >= 3.5 else "watch"
        offered = {"feed": ("skip", "watch", "like"), "staged.glance": ("skip", "watch"), "staged.react": ("watch", "like")}[task]
        assert answer["action"] == (wanted if wanted in offered else "watch")
    if task != "staged.glance":
        ordered = [answer for _, answer in sorted(seen, key=lambda pair: pair[0])]
        assert [a["watch_fraction"] for a in ordered] == sorted(a["watch_fraction"] for a in ordered)
        assert [a["rating"] for a in ordered] == sorted(a["rating"] for a in ordered)
        assert {a["rating"] for a in ordered} >= {0, 1, 2, 3, 4, 5}


async def test_the_process_is_the_same_in_one_stage_and_in_two() -> None:
    """Asked in two stages a respondent skips, watches, likes and rates exactly as when asked once: no residual is drawn twice."""
    model = build("persona", ModelOptions())
    kinds, rated = [], []
    for i in range(300):
        labels = {"HE": (-1.0, 0.0, 1.0)[i % 3]}

        async def said(task: str, stimulus: str = f"s{i}", labels: Mapping[str, float] = labels) -> dict[str, Any]:
            return dict(json.loads((await model.ask(prompt(stimulus, labels, task=task))).text))

        once, glance = await said("feed"), await said("staged.glance")
        kinds.append(once["action"])
        assert (glance["action"] == "skip") == (once["action"] == "skip")
        if glance["action"] == "watch":
            reaction = await said("staged.react")
            assert {**reaction, "reason": ""} == {**once, "reason": ""}
            rated.append(once["rating"])
    assert set(kinds) == {"skip", "watch", "like"} and len(set(rated)) > 3


@pytest.mark.parametrize("rate", ["refusal_rate", "unparsable_rate", "failure_rate"])
async def test_a_rate_is_applied_once_a_stimulus(rate: str) -> None:
    """How an answer arrives is one draw a stimulus: the later stage and the repair get the first one's, and the share is the rate."""
    model = build("null", ModelOptions(extra={rate: "0.3"}))

    async def arrives(stimulus: str, task: str, seed: int) -> str:
        try:
            reply = await model.ask(prompt(stimulus, {}, task=task, seed=seed))
        except Unavailable:
            return "failed"
        return interpret_json(reply, ANSWERS[task])[0]

    first = [await arrives(f"s{i}", "staged.glance", 1) for i in range(800)]
    assert [await arrives(f"s{i}", "staged.react", 2) for i in range(800)] == first
    assert [await arrives(f"s{i}", "feed", 3) for i in range(800)] == first
    assert statistics.mean(state != AnswerState.ANSWERED for state in first) == pytest.approx(0.3, abs=0.05)
    again = [(await model.ask(prompt("s", {}, step_seed=k))).text if rate != "failure_rate" else str(k) for k in range(30)]
    assert len(set(again)) > 1, "another showing is another draw"


async def test_outcomes_come_at_their_rates(tmp_path: Path) -> None:
    """Refusals, unparsable answers and failures come at the planted rates, refusals more often on the value named."""
    path = tmp_path / "shy.toml"
    path.write_text(
        "refusal_rate = 0.1\nunparsable_rate = 0.2\nfailure_rate = 0.1\ngain = 1\n[refusal_by_value]\nPO = 0.3\n", encoding="utf-8"
    )
    model = make_model(f"planted/{path}")
    shares = {}
    for kind, labels in (("none", {}), ("PO", {"PO": 1.0}), ("against PO", {"PO": -1.0})):
        counts = dict.fromkeys(AnswerState, 0)
        for i in range(1500):
            try:
                state = interpret_json(await model.ask(prompt(f"{kind}-{i}", labels)), FeedAnswer)[0]
            except Unavailable:
                state = AnswerState.FAILED
            counts[state] += 1
        shares[kind] = {state: count / 1500 for state, count in counts.items()}
    for kind, refused in (("none", 0.1), ("PO", 0.4), ("against PO", 0.1)):
        assert shares[kind][AnswerState.REFUSED] == pytest.approx(refused, abs=0.04)
        assert shares[kind][AnswerState.UNPARSABLE] == pytest.approx(0.2, abs=0.04)
        assert shares[kind][AnswerState.FAILED] == pytest.approx(0.1, abs=0.04)


async def test_a_feed_without_labels_is_turned_away() -> None:
    """Without a design there is nothing to answer from, and the message says which feed has one."""
    with pytest.raises(ModelSetupError, match="--feed catalogue"):
        await make_model("planted/persona").ask(prompt("s", None))
    with pytest.raises(ModelSetupError, match="label XX"):
        await make_model("planted/persona").ask(prompt("s", {"XX": 1.0}))


async def test_an_option_overrides_one_parameter() -> None:
    """`--model-option` reaches every parameter, those in tables by `table.CODE`; the version tells two parameter sets apart."""
    plain = build("null", ModelOptions())
    model = build("null", ModelOptions(extra={"gain": "2", "weights.SE": "-0.5"}))
    assert (model.parameters.gain, model.parameters.weights["SE"]) == (2.0, -0.5)
    asked = prompt("s", {})
    assert (await plain.ask(asked)).model_version != (await model.ask(asked)).model_version


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gain = 'much'", "gain: "),
        ("residual_sd = -1", "residual_sd: "),
        ("gain = inf", "gain: "),
        ("[weights]\nHED = 1", "no such value HED"),
        ("like_from = 1.0", "above skip_below"),
        ("refusal_rate = 0.9\nfailure_rate = 0.9", "more than 1"),
        ("gian = 1", "gian: "),
        ("weights = 3", "weights: "),
        ("gain = ", "is not valid TOML"),
    ],
)
def test_bad_parameters_are_one_line(tmp_path: Path, text: str, says: str) -> None:
    """A wrong parameter is named in one line with the file."""
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelSetupError) as caught:
        build(str(path), ModelOptions())
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_names_list_the_choices() -> None:
    """A name that is none lists the built-in ones; a missing file is named."""
    with pytest.raises(ModelSetupError, match="persona, null"):
        build("persno", ModelOptions())
    with pytest.raises(ModelSetupError, match=r"cannot read no\.toml"):
        build("no.toml", ModelOptions())
