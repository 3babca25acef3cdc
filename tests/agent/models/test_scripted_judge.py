"""`scripted-judge`: its rules, and the faults that are planted in it, at their rates."""

from __future__ import annotations

import pytest

from agent.models.registry import ModelOptions, make_model
from agent.models.scripted_judge import right_answer
from evals.judging.judgements import Judgement, Pairing, Unmapped
from personas.errors import ModelSetupError
from tests.evals.judging.panel import asked_by

MANY = 400


def answer(prediction: str, respondent: str = "m", item: str = "q") -> Judgement:
    return Judgement.of("?", prediction, reference="The blue car", respondent=respondent, item=item)


def better(kind: str, first: str, second: str, *, by: tuple[str, str] = ("a", "b"), **options: str) -> str:
    pair, _ = Pairing.both_orders(answer(first, by[0]), answer(second, by[1]))
    return str(asked_by(kind, [pair], **options)["verdict"][0])


@pytest.mark.parametrize(
    ("prediction", "exact", "lenient", "strict"),
    [
        ("The blue car", True, True, True),
        ("a BLUE car!", True, True, False),
        ("It is a blue car, I think", False, True, False),
        ("blue", False, False, False),
        ("", False, False, False),
    ],
)
def test_rules(prediction: str, exact: bool, lenient: bool, strict: bool) -> None:
    """exact compares words without articles and marks, lenient finds them among others, strict wants every letter."""
    found = {kind: right_answer(kind, prediction, "The blue car") for kind in ("exact", "lenient", "strict")}
    assert found == {"exact": exact, "lenient": lenient, "strict": strict}
    assert not any(right_answer(kind, prediction, "") for kind in found)


def test_pairs() -> None:
    """The right one wins, two alike are equal; first, longer and self go by place, length and family."""
    assert better("exact", "blue car", "red") == "first"
    assert better("exact", "red", "blue car") == "second"
    assert better("exact", "red", "green") == "equal"
    assert better("first", "red", "blue car") == "first"
    assert better("longer", "blue car", "something else entirely") == "second"
    assert better("self", "blue car", "red", by=("x", "kin/1"), family="kin") == "second"
    assert better("self", "red", "blue car", by=("kin/1", "kin/2"), family="kin") == "second"


def test_planted_rates_are_exact_over_many() -> None:
    """sensitivity, specificity and unjudged come out at their rates, by judgement: the same every time, others with another seed."""
    true = [answer("blue car", item=f"q{n}") for n in range(MANY)]
    false = [answer("red", item=f"q{n}") for n in range(MANY)]
    options = {"sensitivity": "0.9", "specificity": "0.7", "unjudged": "0.2"}
    for answers, verdict, rate in ((true, "true", 0.9), (false, "false", 0.7)):
        found = asked_by("exact", answers, **options)
        judged = found.filter(found["verdict"] != "unjudged")
        assert judged.height / MANY == pytest.approx(0.8, abs=0.05)
        assert (judged["verdict"] == verdict).mean() == pytest.approx(rate, abs=0.05)
        assert asked_by("exact", answers, **options)["verdict"].to_list() == found["verdict"].to_list()
        assert asked_by("exact", answers, **options, seed="1")["verdict"].to_list() != found["verdict"].to_list()
    assert set(asked_by("exact", true, unjudged="1").select("verdict", "state").row(0)) == {"unjudged", "unparsable"}


def test_nearest_goes_by_words() -> None:
    """The one option whose words stand in the reply is meant; with none or two of them, none is."""
    replies = ("I would go for big dogs", "small cats or big dogs", "neither")
    asked = [Unmapped.of("?", reply, ["Small cats", "Big dogs"], [1, 0], [1], respondent="m", item=reply) for reply in replies]
    assert asked_by("exact", asked)["verdict"].to_list() == ["1", "none", "none"]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("kind", ModelOptions(), "the choices are exact, lenient"),
        ("exact", ModelOptions(extra={"sensitivity": "2"}), "the options are sensitivity"),
        ("exact", ModelOptions(extra={"sense": "1"}), "the options are sensitivity"),
        ("exact", ModelOptions(base_url="http://127.0.0.1"), "takes no --base-url"),
    ],
)
def test_mistakes_are_named(name: str, options: ModelOptions, told: str) -> None:
    """An unknown judge, option or address: one line that says what there is."""
    with pytest.raises(ModelSetupError, match=told):
        make_model(f"scripted-judge/{name}", options)
