"""Bradley–Terry: planted strengths come back, intervals cover them about as often as they say, and what data cannot tell is said."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import polars as pl
import pytest

from evals.judging.strengths import GAMES, strengths

TRUE = {"a": 1.0, "b": 0.4, "c": -0.2, "d": -1.2}


def games(seed: int, items: int = 60, first_effect: float = 0.0, true: dict[str, float] = TRUE, ties: float = 0.0) -> pl.DataFrame:
    """All pairs of all items in both orders; some of the undecided in the model are ties."""
    dice = np.random.default_rng(seed)
    rows = []
    for item in range(items):
        for first, second in permutations(true, 2):
            wins = dice.random() < 1 / (1 + np.exp(-(true[first] - true[second] + first_effect)))
            won = 0.5 if dice.random() < ties else float(wins)
            known = {"judge": "j", "judgement": f"{item}{first}{second}", "item": f"q{item}", "cluster": f"q{item}"}
            rows.append(known | {"first": first, "second": second, "won": won, "log_first": 1.0, "log_second": 1.0})
    return pl.DataFrame(rows, schema=GAMES)


def test_planted_strengths_and_the_effect_of_standing_first_come_back() -> None:
    """With many items strengths and the first place's effect are near the planted ones, and ranks are right with tight bounds."""
    found = strengths(games(1, 300, first_effect=0.5), draws=200)
    told = dict(found.select("respondent", "strength").iter_rows())
    assert all(told[name] == pytest.approx(value, abs=0.2) for name, value in TRUE.items())
    assert found["first_effect"][0] == pytest.approx(0.5, abs=0.15)
    assert dict(found.select("respondent", "rank").iter_rows()) == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert found.select((pl.col("rank_low") == pl.col("rank_high")).all()).item()


def test_intervals_cover_planted_strengths_about_as_often_as_they_say() -> None:
    """95% intervals over 60 simulated sets of 40 items hold the planted strength between 89% and 99% of the time (240 chances)."""
    held = []
    for seed in range(60):
        found = strengths(games(seed, 40), draws=150)
        held += [low <= TRUE[name] <= high for name, low, high in found.select("respondent", "strength_low", "strength_high").iter_rows()]
    assert 0.89 <= np.mean(held) <= 0.99


def test_ties_are_half_wins_and_the_unjudged_are_neither() -> None:
    """All ties: equal strengths, one shared rank; unjudged games are counted, and change nothing."""
    tied = games(2, 10, ties=1.0)
    found = strengths(tied, draws=50)
    assert found["strength"].to_list() == pytest.approx([0.0] * 4)
    assert (found["rank"].to_list(), found["tied"].to_list(), found["won"].to_list()) == ([2.5] * 4, [60] * 4, [0] * 4)
    half = games(3, 40)
    silent = half.with_columns(won=pl.when(pl.col("item").is_in(["q1", "q2"])).then(None).otherwise(pl.col("won")))
    without = half.filter(~pl.col("item").is_in(["q1", "q2"]))
    one, two = strengths(silent, draws=50), strengths(without, draws=50)
    assert one["strength"].to_list() == pytest.approx(two["strength"].to_list())
    assert one["unjudged"].to_list() == [12] * 4


def test_groups_that_nothing_connects_are_told_apart() -> None:
    """Strengths are centred, and ranks counted, within each group."""
    apart = pl.concat([games(4, 30, true={"a": 1.0, "b": 0.0}), games(5, 30, true={"x": 0.0, "y": 1.0})])
    found = {row["respondent"]: row for row in strengths(apart, draws=50).iter_rows(named=True)}
    assert found["a"]["group"] == found["b"]["group"] != found["x"]["group"] == found["y"]["group"]
    assert (found["a"]["rank"], found["b"]["rank"], found["y"]["rank"], found["x"]["rank"]) == (1, 2, 1, 2)
    assert found["a"]["strength"] + found["b"]["strength"] == pytest.approx(0)


def test_one_who_never_lost_has_no_bound_by_the_data() -> None:
    """The strength stays finite, and the row says that wins and losses do not bound it."""
    rows = games(6, 20, true={"a": 0.0, "b": 0.0}).with_columns(won=(pl.col("first") == "a").cast(pl.Float64))
    found = strengths(rows, draws=50)
    assert found["bounded"].to_list() == [False, False]
    assert 2 < found["strength"][0] < 10
    assert strengths(games(7, 20), draws=50)["bounded"].all()
