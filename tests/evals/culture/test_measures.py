"""Distributions from answers, resampling, sizes: each part by itself on figures that are known."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from evals.culture.answering import COUNTS, LOGPROBS, Answered, distributions, softmax
from evals.culture.asking import WithLogprobs
from evals.culture.distances import cells_of
from evals.culture.reading import Material, Question
from evals.culture.resampling import mean_by_question, mean_of_cells
from evals.culture.scores import size_of
from evals.scoring.distributions import js_divergence


def question(name: str = "q", *, ordinal: bool = True, options: int = 3, **more: Any) -> Question:
    shares = tuple([1 / options] * options)
    given: dict[str, Any] = {"dont_know": (), "scored": tuple(range(options)), "answers": {"Alfa": shares, "Bravo": shares}} | more
    return Question(
        name, "topic", "Q?", tuple(f"o{n}" for n in range(options)), ordinal, given["dont_know"], given["answers"], given["scored"]
    )


def material(rows: list[dict[str, Any]], questions: list[Question], dont_know: str = "drop") -> Material:
    common = {"respondent": "r", "model": "r", "condition": "text", "country": "Alfa", "item": "q", "state": "answered", "repeat": 0}
    schema: dict[str, Any] = {**dict.fromkeys(common, pl.String), "repeat": pl.Int64, "option": pl.Int64, "logprobs": pl.List(pl.Float64)}
    answers = pl.DataFrame([{"option": None, "logprobs": None} | common | row for row in rows], schema=schema)
    by_id = {each.id: each for each in questions}
    return Material("s", False, dont_know, ("Alfa", "Bravo"), ("text",), by_id, answers, {}, (), pl.DataFrame(), ())


def of(logprobs: list[float], repeat: int, **more: Any) -> dict[str, Any]:
    return {"option": int(np.argmax(logprobs)), "logprobs": logprobs, "repeat": repeat} | more


def test_log_probabilities_become_shares_over_the_options_alone() -> None:
    """Mass on other tokens falls away: the softmax is over the options; −1000 is exactly nothing."""
    shares = softmax([math.log(0.2), math.log(0.1), -1000.0])
    assert shares.tolist() == pytest.approx([2 / 3, 1 / 3, 0.0]) and shares[2] == 0.0


def test_each_order_counts_alike_however_often_it_was_answered() -> None:
    """Three answers forwards and one backwards are averaged within an order first."""
    rows = [of([0.0, -1000.0, -1000.0], repeat) for repeat in (0, 2, 4)] + [of([-1000.0, -1000.0, 0.0], 1)]
    found, out = distributions(material(rows, [question()]))
    answered = found["r", "text", "Alfa", "q"]
    assert answered.shares.tolist() == [0.5, 0.0, 0.5] and (answered.answers, answered.method, out) == (4, LOGPROBS, [])
    assert answered.apart == pytest.approx(1.0)


def test_one_order_alone_is_no_distribution() -> None:
    """What was answered forwards only is excluded with its reason, and what became of the rest."""
    rows = [of([0.0, -1.0, -2.0], 0), {"state": "failed", "repeat": 1}, of([0.0, -1.0, -2.0], 2)]
    found, (left,) = distributions(material(rows, [question()]))
    assert not found and left.reason == "answered in one order of its options alone (1 failed)" and left.country == "Alfa"


def test_a_question_has_one_method_in_all_conditions() -> None:
    """One answer without log-probabilities makes the whole question one of counts for that respondent, so that conditions compare."""
    rows = [of([-0.1, -3.0, -3.0], 0), of([-0.1, -3.0, -3.0], 1)]
    rows += [row | {"condition": "both"} for row in rows[:1]] + [{"option": 2, "repeat": 1, "condition": "both"}]
    rows += [row | {"item": "p"} for row in rows[:2]]
    whole = material(rows, [question(), question("p")])
    found, _ = distributions(whole)
    assert {key[1:]: each.method for key, each in found.items()} == {
        ("text", "Alfa", "q"): COUNTS,
        ("both", "Alfa", "q"): COUNTS,
        ("text", "Alfa", "p"): LOGPROBS,
    }
    assert found["r", "both", "Alfa", "q"].shares.tolist() == [0.5, 0.0, 0.5]
    alone, out = distributions(whole, "logprobs")
    assert ("r", "both", "Alfa", "q") not in alone and len(out) == 1
    assert {each.method for each in distributions(whole, "counts")[0].values()} == {COUNTS}


def test_saying_only_dont_know_is_an_exclusion() -> None:
    """Kept apart, an answer distribution with nothing but don't know has no distance; it is named, and not taken as any answer."""
    asked = question(dont_know=(2,), scored=(0, 1), answers={"Alfa": (0.5, 0.3, 0.2)})
    silent = {("r", "text", "Alfa", "q"): Answered(np.array([0.0, 0.0, 1.0]), 2, COUNTS, 0.0)}
    cells, (left,) = cells_of(material([of([0, 0, 0], 0)], [asked], "separate"), silent)
    assert cells.is_empty() and left.reason == "all of its answers are don't know"


def test_a_question_of_one_country_has_no_other_countries() -> None:
    """Its baseline of other countries is missing, not made up; the uniform one is there."""
    asked = question(answers={"Alfa": (0.5, 0.3, 0.2)})
    found = {("r", "text", "Alfa", "q"): Answered(np.array([0.5, 0.3, 0.2]), 2, LOGPROBS, 0.0)}
    (cell,) = cells_of(material([of([0, 0, 0], 0)], [asked]), found)[0].iter_rows(named=True)
    assert (cell["others_jsd"], cell["others_w1"], cell["others"], cell["jsd"]) == (None, None, 0, 0.0)
    assert cell["uniform_jsd"] == pytest.approx(js_divergence([1, 1, 1], [5, 3, 2]), abs=1e-11)


def test_questions_are_resampled_whole() -> None:
    """Where all variance is between questions, more countries make the interval no narrower."""
    dice = np.random.default_rng(3)
    effect = dice.normal(0, 1, 40)
    names = [f"q{n}" for n in range(40)]
    few = mean_of_cells(np.repeat(effect, 2), [n for n in names for _ in range(2)], ["a", "b"] * 40)
    many = mean_of_cells(np.repeat(effect, 30), [n for n in names for _ in range(30)], [f"c{n}" for n in range(30)] * 40)
    assert few and many and many.low is not None and many.high is not None and few.low is not None and few.high is not None
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=1e-9)
    assert many.high - many.low == pytest.approx(2 * 1.96 * effect.std() / 40**0.5, rel=0.1)
    assert few.wide_low is None and many.wide_low is not None


def test_the_interval_covers_its_mean_over_questions() -> None:
    """Of 95 % intervals over 20 questions of 4 countries with effects of questions, about 95 % hold the truth."""
    dice, held = np.random.default_rng(8), 0
    for number in range(200):
        values = (dice.normal(0.3, 1, (20, 1)) + dice.normal(0, 0.5, (20, 4))).ravel()
        found = mean_of_cells(values, [f"q{n}" for n in range(20) for _ in range(4)], list("abcd") * 20, draws=400, seed=number)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 0.3 <= found.high
    assert 0.88 <= held / 200 <= 0.98


def test_countries_are_resampled_where_they_differ() -> None:
    """Where the variance is between countries, the interval for these countries is narrow and the one for any countries wide."""
    dice = np.random.default_rng(5)
    values = np.tile(dice.normal(0, 1, 12), 30) + dice.normal(0, 0.1, 360)
    found = mean_of_cells(values, [f"q{n}" for n in range(30) for _ in range(12)], [f"c{n}" for n in range(12)] * 30)
    assert found and found.low is not None and found.high is not None and found.wide_low is not None and found.wide_high is not None
    assert found.wide_high - found.wide_low > 10 * (found.high - found.low)


def test_nothing_is_claimed_from_too_little() -> None:
    """No width of zero, no interval from two questions, no p below three."""
    flat = mean_of_cells(np.full(9, 0.2), list("aaabbbccc"), list("xyz") * 3)
    two = mean_of_cells(np.array([0.1, 0.2]), ["a", "b"], ["x", "x"])
    assert flat and (flat.low, flat.wide_low) == (None, None) and two and two.low is None
    assert mean_of_cells(np.array([]), [], []) is None
    assert mean_by_question(np.array([0.1, 0.3]), ["a", "b"])["p"] is None
    found = mean_by_question(np.array([0.1, 0.3, 0.2, 0.6]), ["a", "a", "b", "c"])
    assert found["n"] == 3 and found["estimate"] == pytest.approx((0.2 + 0.2 + 0.6) / 3) and 0 < found["p"] < 1


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("vllm/Qwen/Qwen3-VL-8B-Instruct", 8.0),
        ("compatible/llava-1.6-34b", 34.0),
        ("vllm/Qwen3-VL-30B-A3B-Instruct", 30.0),
        ("vllm/Mixtral-8x7B", 56.0),
        ("llamacpp/SmolVLM-500M-Q8_0.gguf", 0.5),
        ("openai/gpt-6.2-sol", None),
        ("compatible/v3b2-model", None),
    ],
)
def test_sizes_are_read_from_names(name: str, size: float | None) -> None:
    """The first number with B or M that stands by itself, 8x7B multiplied; a name without one has none."""
    found, source = size_of(name, {})
    assert found == (None if size is None else pytest.approx(size))
    assert source == ("not known" if size is None else "from its name")
    assert size_of(name, {name: 70.0}) == (70.0, "given")


def test_log_probabilities_are_asked_for_where_there_are_any() -> None:
    """Of servers that give them, unless it is said otherwise; other providers would refuse the option."""
    asked = WithLogprobs(("vllm/a", "openai/b"), {"vllm/a": "http://127.0.0.1:1/v1"}, {"temperature": "1"}).settings
    assert asked["vllm/a"] == {"base_url": "http://127.0.0.1:1/v1", "options": {"temperature": "1", "logprobs": "true"}}
    assert asked["openai/b"] == {"options": {"temperature": "1"}}
    assert WithLogprobs(("vllm/a",), {}, {"logprobs": "false"}).settings["vllm/a"]["options"] == {"logprobs": "false"}


def test_help_loads_nothing_heavy() -> None:
    """`--help` of each command imports neither numbers nor pictures nor the engine."""
    code = (
        "import sys\nfrom evals.culture.__main__ import main\n"
        "for a in (['--help'], ['run', '--help'], ['score', '--help'], ['import-wvs', '--help']):\n"
        "    try: main(a)\n    except SystemExit: pass\n"
        "heavy = {'numpy', 'polars', 'scipy', 'PIL', 'rich', 'pydantic', 'langgraph', 'structlog', 'jinja2'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
