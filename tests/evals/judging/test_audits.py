"""Planted faults of judges are found, and a judge without them is not accused; agreement and corrected shares have their true values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from environments.canonical import rng
from evals.judging.agreement import PEOPLE, agreement
from evals.judging.audits import SAME, audits
from evals.judging.collecting import pairings
from evals.judging.families import family_of, given_families
from evals.judging.judgements import Judgement
from evals.judging.shares import share_true
from evals.judging.strengths import GAMES, games_of
from evals.values.agreement import gwet_ac, krippendorff_alpha
from personas.errors import SpecError
from tests.evals.judging.panel import asked_by

ITEMS, MODELS = 60, ("kin/small", "kin/large", "other/one", "other/two")
FAMILIES = {"kin": "kin", "other": "other", "judge/kin": "kin", "judge/plain": "plain"}
NO_GAMES = pl.DataFrame(schema=GAMES)


def answers(right: float = 0.6) -> list[Judgement]:
    """Right or wrong by chance, short or long by chance: length tells nothing of rightness."""
    found = []
    for item in range(ITEMS):
        for model in MODELS:
            dice = rng("answer", item, model)
            word, pad = ("blue" if dice.random() < right else "red"), dice.random() < 0.5
            text = f"the {'the ' * 9 if pad else ''}{word}"  # articles are no words to the scripted judge
            found.append(Judgement.of("What colour?", text, reference="Blue", respondent=model, item=f"q{item}"))
    return found


ANSWERS = answers()
PAIRS = pairings(ANSWERS)


def row(table: pl.DataFrame, measure: str, **known: object) -> dict:
    found = table.filter(pl.col("measure").str.contains(measure, literal=True), **known)
    assert found.height == 1, (measure, known, table)
    return found.row(0, named=True)


def test_a_judge_without_faults_is_not_accused() -> None:
    """Its outcomes do not depend on the order, and no interval of a slope on length leaves 0 out."""
    judge = asked_by("exact", ANSWERS, called="judge/plain", sensitivity="0.9", specificity="0.9")
    games = games_of(asked_by("exact", PAIRS, called="judge/plain"))
    found = audits(judge, games, families=FAMILIES)
    assert row(found, SAME[0])["estimate"] == 1
    assert row(found, "preference for the first")["estimate"] == 0
    slopes = found.filter(audit="length")
    assert slopes.height == 6
    assert not slopes["beyond"].any()


def test_a_planted_preference_for_the_first_place_is_found() -> None:
    """position=0.4: the first wins in two of five judgements whatever they say; the effect is the planted share of what it changes."""
    games = games_of(asked_by("exact", PAIRS, position="0.4"))
    plain = games_of(asked_by("exact", PAIRS))
    found = audits(pl.DataFrame(schema=asked_by("exact", []).schema), games)
    told = row(found, "preference for the first")
    assert told["beyond"]
    assert told["estimate"] == pytest.approx(0.4 * (1 - plain["won"].mean()), abs=0.05)
    assert row(found, SAME[0])["estimate_high"] < 0.75
    always = audits(asked_by("exact", []), games_of(asked_by("first", PAIRS)))
    told = row(always, "preference for the first")
    assert (told["estimate"], told["beyond"]) == (0.5, True)


def test_a_planted_preference_for_length_is_found() -> None:
    """length=0.5: slopes on log length leave 0 out, in pairs also among answers that the judge by itself calls alike."""
    verdicts = asked_by("exact", ANSWERS, length="0.5")
    games = games_of(asked_by("exact", PAIRS, length="0.5"))
    found = audits(verdicts, games)
    assert row(found, "slope of true on log length")["estimate_low"] > 0
    assert row(found, "strengths held")["estimate_low"] > 0
    assert row(found, "it calls by itself alike")["estimate_low"] > 0
    people = pl.DataFrame({"judgement": [each.id for each in ANSWERS], "gold": [float("blue" in each.prediction) for each in ANSWERS]})
    with_gold = audits(verdicts, games, people)
    assert row(with_gold, "people's verdict held")["estimate_low"] > 0
    assert row(with_gold, "people call alike")["estimate_low"] > 0
    honest = audits(asked_by("exact", ANSWERS), games_of(asked_by("exact", PAIRS)), people)
    assert not row(honest, "people's verdict held")["beyond"]


def test_a_planted_preference_for_its_own_family_is_found() -> None:
    """favour=0.5: half of the wrong answers of its family become right; a judge without that has no difference in differences."""
    fair = asked_by("exact", ANSWERS, called="judge/plain")
    partial = asked_by("exact", ANSWERS, called="judge/kin", favour="0.5", family="kin/")
    found = row(audits(pl.concat([fair, partial]), NO_GAMES, families=FAMILIES), "own family (kin)")
    wrong = np.mean(["red" in each.prediction for each in ANSWERS if each.respondent.startswith("kin")])
    assert found["estimate"] == pytest.approx(0.5 * wrong, abs=0.08)
    assert found["estimate_low"] > 0
    alike = asked_by("exact", ANSWERS, called="judge/kin", sensitivity="0.9", specificity="0.9")
    assert not row(audits(pl.concat([fair, alike]), NO_GAMES, families=FAMILIES), "own family (kin)")["beyond"]


def test_its_own_family_is_favoured_in_pairs() -> None:
    """self: in pairs of one of its family and another, its own wins always; the figure is what it gives more than the other judge."""
    fair, partial = asked_by("exact", PAIRS, called="judge/plain"), asked_by("self", PAIRS, called="judge/kin", family="kin/")
    games = games_of(pl.concat([fair, partial]))
    told = row(audits(asked_by("exact", []), games, families=FAMILIES), "points to own family (kin)")
    mixed = games.filter(pl.col("first").str.starts_with("kin") != pl.col("second").str.starts_with("kin"))
    fairly = mixed.filter(judge="judge/plain").select(
        pl.when(pl.col("first").str.starts_with("kin")).then("won").otherwise(1 - pl.col("won"))
    )
    assert told["estimate"] == pytest.approx(1 - fairly.to_series().mean())
    assert told["beyond"]


def test_wordings_of_one_judge_are_compared() -> None:
    """wavering: the wordings agree where no error was drawn; the same judge in two settings is no matter of wording."""
    judge = asked_by("exact", ANSWERS, cells=(0, 1), sensitivity="0.8", specificity="0.8", wavering="1")
    told = row(audits(judge, NO_GAMES), SAME[1])
    assert told["estimate"] == pytest.approx(0.8**2 + 0.2**2, abs=0.07)
    assert agreement(judge)["between"].to_list() == ["two wordings of a judge"]


def test_families_go_by_name_unless_the_user_says() -> None:
    """Makers' names, the first in a name that holds two, the provider where none is known; --family is stronger."""
    names = ("openai/gpt-6", "vllm/Qwen/Qwen3-VL-8B-Instruct", "x/deepseek-r1-distill-qwen-7b", "keyed/right", "anthropic/claude-sonnet")
    assert [family_of(name) for name in names] == ["gpt", "qwen", "deepseek", "keyed", "claude"]
    assert family_of("compatible/judge (no pictures)", given_families(["compatible/judge=qwen"])) == "qwen"
    with pytest.raises(SpecError, match="NAME=FAMILY"):
        given_families(["qwen"])


def people(rows: pl.DataFrame, raters: int = 2, every: int = 1) -> pl.DataFrame:
    """Raters who are right, on every n-th answer."""
    sampled = rows.gather_every(every)
    return pl.concat(
        [sampled.with_columns(judge=pl.lit(f"person/r{n}"), model=pl.lit(f"person/r{n}"), person=pl.lit(True)) for n in range(raters)]
    )


def test_agreement_with_people_is_counted_exactly() -> None:
    """Sensitivity, specificity and agreement are the counts; α and AC1 are those of the general formulas; intervals are by item."""
    right = asked_by("exact", ANSWERS, called="truth")
    judge = asked_by("exact", ANSWERS, called="judge/plain", sensitivity="0.8", specificity="0.7", unjudged="0.1")
    found = agreement(pl.concat([judge, people(right)]))
    told = found.filter(pl.col("second") == PEOPLE).row(0, named=True)
    both = judge.join(right.select("judgement", truth="verdict"), on="judgement").filter(pl.col("verdict") != "unjudged")
    assert told["both"] == both.height < len(ANSWERS)
    assert told["agree"] == pytest.approx((both["verdict"] == both["truth"]).mean())
    positive = both.filter(truth="true")
    assert told["sensitivity"] == pytest.approx((positive["verdict"] == "true").mean())
    assert told["sensitivity_low"] < 0.8 < told["sensitivity_high"]
    assert told["specificity_low"] < 0.7 < told["specificity_high"]
    ratings = both.select((pl.col("verdict") == "true").cast(float), (pl.col("truth") == "true").cast(float)).to_numpy()
    assert told["alpha"] == pytest.approx(krippendorff_alpha(ratings, "nominal", draws=0).estimate)  # type: ignore[union-attr]
    assert told["ac1"] == pytest.approx(gwet_ac(ratings, (0, 1), draws=0).estimate)  # type: ignore[union-attr]
    assert told["alpha_low"] < told["alpha"] < told["alpha_high"]


def test_the_unjudged_are_neither_true_nor_false() -> None:
    """They are counted, the share is of the judged, and the bounds are the shares if all of them were one or the other."""
    judge = asked_by("exact", ANSWERS, unjudged="0.3")
    for told in share_true(judge).iter_rows(named=True):
        own = judge.filter(respondent=told["respondent"])
        true, false = (int((own["verdict"] == verdict).sum()) for verdict in ("true", "false"))
        assert (told["answers"], told["judged"], told["unjudged"], told["true"]) == (ITEMS, true + false, ITEMS - true - false, true)
        assert told["share"] == pytest.approx(true / (true + false))
        assert (told["least"], told["most"]) == (true / ITEMS, (ITEMS - false) / ITEMS)
        assert told["unjudged"] > 5


def test_a_gold_sample_corrects_a_judge_that_errs() -> None:
    """Over simulated samples both corrected shares are near the truth where the raw share is far from it, and the interval holds it."""
    sensitivity, specificity, n = 0.75, 0.65, 300
    raw, corrected, rogan, held = [], [], [], []
    for seed in range(60):
        dice = np.random.default_rng(seed)
        truth = dice.random(n) < 0.8
        said = np.where(truth, dice.random(n) < sensitivity, dice.random(n) > specificity)
        names = [f"j{k}" for k in range(n)]
        rows = pl.DataFrame({"judge": "j", "respondent": "r", "judgement": names, "item": names, "cluster": names})
        rows = rows.with_columns(verdict=pl.Series(["true" if each else "false" for each in said]))
        taken = dice.permutation(n)[:100]
        gold = pl.DataFrame({"judgement": [names[k] for k in taken], "gold": [float(truth[k]) for k in taken], "raters": 2})
        told = share_true(rows, gold, seed=seed).row(0, named=True)
        goal = truth.mean()
        raw.append(told["share"] - goal)
        corrected.append(told["corrected"] - goal)
        rogan.append(told["rogan_gladen"] - goal)
        held.append(told["corrected_low"] <= goal <= told["corrected_high"])
    assert np.mean(raw) == pytest.approx(0.8 * 0.75 + 0.2 * 0.35 - 0.8, abs=0.02)
    assert abs(np.mean(corrected)) < 0.02
    assert abs(np.mean(rogan)) < 0.03
    assert np.mean(held) >= 0.88


def test_a_judge_that_tells_nothing_apart_gets_no_rogan_gladen() -> None:
    """Always true: sensitivity 1 and specificity 0 are no information, so there is no such estimate; the difference estimator has one."""
    judge = asked_by("first", ANSWERS)
    truth = asked_by("exact", ANSWERS)
    gold = truth.select("judgement", gold=(pl.col("verdict") == "true").cast(pl.Float64), raters=pl.lit(1))
    told = share_true(judge, gold)
    assert told["rogan_gladen"].null_count() == told.height
    worse = share_true(asked_by("exact", ANSWERS, sensitivity="0.3", specificity="0.3"), gold)
    assert worse["rogan_gladen"].null_count() == worse.height
    exact = truth.group_by("respondent").agg((pl.col("verdict") == "true").mean())
    assert dict(told.select("respondent", "corrected").iter_rows()) == pytest.approx(dict(exact.iter_rows()))
