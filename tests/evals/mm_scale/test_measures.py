"""What people reach and how calibration is counted, against figures worked out by hand; the sample's raters against their rule."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import fmean

import numpy as np
import polars as pl
import pytest

from agent.protocols.rating import GROUNDS
from evals.mm_scale.calibrating import share_calibration
from evals.mm_scale.comparing import pairs
from evals.mm_scale.items import People, Rating, open_items, people_of
from evals.mm_scale.measures import expectations, mean_by_image, orders, people_table
from evals.mm_scale.people import agreement, baselines, ceiling, left_out, rater_rows
from evals.mm_scale.sample import GROUNDED, LEANINGS, sample_folder
from evals.mm_scale.scoring import scores
from evals.scoring.ranking import kendall_tau_b, ndcg, spearman


def said(*scores: int | None, grounds: tuple[str, ...] = ()) -> People:
    """Ratings of a, b, c, …; None: did not rate."""
    named = (*grounds, *[""] * (len(scores) - len(grounds)))
    return People(tuple(Rating("abcde"[n], score, named[n]) for n, score in enumerate(scores) if score is not None))


PEOPLE = {
    "x1": said(1, 2, 3, grounds=("text", "text", "image")),
    "x2": said(5, 4, 3, grounds=("both", "image", "image")),
    "y1": said(2, 2, None, grounds=("text", "both")),
    "y2": said(4, 5, None, grounds=("text", "text")),
    "z1": said(3, None, None),
}
IMAGES = {"x1": "x", "x2": "x", "y1": "y", "y2": "y", "z1": "z"}


def test_one_rater_is_held_against_the_mean_of_the_others() -> None:
    """Own score against the others' mean and majority; an item that nobody else rated is left out."""
    rows = {row["item"]: (row["expected"], row["mean"], row["ground_right"]) for row in left_out(PEOPLE, IMAGES)["a"].iter_rows(named=True)}
    assert rows == {"x1": (1.0, 2.5, None), "x2": (5.0, 3.5, 0.0), "y1": (2.0, 2.0, 0.0), "y2": (4.0, 5.0, 1.0)}


def test_the_human_ceiling_is_the_mean_over_raters() -> None:
    """Worked out by hand: MAE of a (1.5 + 1.5 + 0 + 1)/4, of b (0 + 0 + 0 + 1)/4, of c (1.5 + 1.5)/2; c rates x alike and has no τ-b."""
    found = ceiling(PEOPLE, IMAGES)
    assert found["mae"].estimate == pytest.approx(fmean([1.0, 0.25, 1.5]))
    assert found["tau_b"].estimate == pytest.approx(1.0), "a and b, two pictures each; c rates its one picture alike throughout"
    assert found["ndcg"].n == 2
    rows = {row["rater"]: row for row in rater_rows(PEOPLE, IMAGES).iter_rows(named=True)}
    assert (rows["c"]["tau_b"], rows["c"]["tied"], rows["c"]["images"]) == (None, 1, 1)
    assert rows["a"]["mae"] == pytest.approx(1.0)
    assert found["grounding"].estimate == pytest.approx(fmean([1 / 3, 0.5, fmean([0.0])])), "a of x2, y1, y2; b of y1 and y2; c of x1"


def test_nobody_to_compare_with_is_no_ceiling() -> None:
    """One rater an item: no agreement, no ceiling, and no error."""
    alone = {"x1": said(2), "x2": said(4)}
    assert ceiling(alone, IMAGES) == {}
    assert agreement(alone) is None


def test_agreement_is_ordinal_and_has_an_interval() -> None:
    """Raters who agree have α 1; raters who are a point apart have more than raters who are four apart."""
    near = {f"i{n}": said(n % 4 + 1, n % 4 + 2) for n in range(24)}
    far = {f"i{n}": said(n % 4 + 1, 5 if n % 2 else 1) for n in range(24)}
    same = {f"i{n}": said(n % 5 + 1, n % 5 + 1) for n in range(24)}
    one, two, three = (agreement(each) for each in (same, near, far))
    assert one is not None and two is not None and three is not None
    assert one.estimate == 1.0 > two.estimate > three.estimate
    assert two.low is not None and two.high is not None and two.low < two.estimate < two.high and two.n == 24


def test_knowing_nothing_is_told() -> None:
    """NDCG of a tie is the mean over all orders, and not 0: without that, .8 looks like much."""
    found = baselines(PEOPLE, IMAGES)
    means = [each.mean for each in PEOPLE.values()]
    orders_ = [(PEOPLE["x1"].mean, PEOPLE["x2"].mean), (PEOPLE["y1"].mean, PEOPLE["y2"].mean)]
    assert found["ndcg_alike"] == pytest.approx(fmean(fmean([ndcg([1, 0], pair), ndcg([0, 1], pair)]) for pair in orders_))
    assert found["mae_mean"] == pytest.approx(fmean(abs(mean - fmean(means)) for mean in means))
    assert found["grounding_common"] == pytest.approx(2 / 3), "text for x1 and y2, image for x2, a tie for y1"


def test_gain_is_exponential_and_ties_are_shared() -> None:
    """NDCG by hand: gains 2^r − 1 of means 5 and 1, the wrong way round, and tied."""
    ideal = 31 + 1 / np.log2(3)
    assert ndcg([1, 2], [5, 1]) == pytest.approx((1 + 31 / np.log2(3)) / ideal)
    assert ndcg([1, 1], [5, 1]) == pytest.approx(16 * (1 + 1 / np.log2(3)) / ideal)
    assert kendall_tau_b([1, 2, 3], [1, 1, 2]) == pytest.approx(2 / np.sqrt(6))
    assert spearman([1, 2, 3], [1, 1, 2]) == pytest.approx(np.sqrt(3) / 2)


def test_equal_means_are_tied_however_they_were_summed() -> None:
    """Means that differ by rounding alone are a tie: no order comes of floating point."""
    frame = pl.DataFrame({"image": ["x", "x"], "expected": [1.0, 2.0], "mean": [0.1 + 0.2, 0.3]})
    found, left = orders(frame)
    assert not found and left == {"x": "people rate all of its scenarios alike"}


def test_two_respondents_are_held_to_the_scenarios_that_both_rated() -> None:
    """One refused the scenario that the other gets wrong: on what is left both have the same order, and nothing lies between them."""
    rows = [("first", "s1", 1.0), ("first", "s2", 3.0), ("first", "s3", 2.0), ("second", "s1", 1.0), ("second", "s2", 3.0)]
    means = {"s1": 1.0, "s2": 3.0, "s3": 5.0}
    figures = [(who, item, "x", value, 0.5, None, means[item]) for who, item, value in rows]
    names = ("who", "item", "image", "expected", "p_unacceptable", "ground_right", "mean")
    expected = pl.DataFrame(figures, schema=dict(zip(names, (*[pl.String] * 3, *[pl.Float64] * 4), strict=True)), orient="row")
    answers = pl.DataFrame({"condition": ["shown", "shown"], "who": ["first", "second"]})
    found = {row["measure"]: row for row in pairs(answers, expected).iter_rows(named=True)}
    assert found["tau_b"]["difference"] == 0.0 and found["mae"]["n"] == 2


def test_calibration_is_against_shares_of_people() -> None:
    """Two groups of equal probability: .2 where .5 of people say so, .9 where all do: ECE (.3 + .1)/2, in two bins."""
    stated, shares = np.array([0.2, 0.2, 0.9, 0.9]), np.array([0.0, 1.0, 1.0, 1.0])
    found = share_calibration(stated, shares, np.array([4, 4, 4, 4]), np.array(["a", "b", "c", "d"]))
    assert found is not None
    assert found.ece.estimate == pytest.approx(0.2)
    figures = [figure for each in found.bins for figure in (each.n, each.stated, each.people)]
    assert figures == pytest.approx([2, 0.2, 0.5, 2, 0.9, 1.0])
    assert found.ece.low is not None and found.ece.low <= found.ece.estimate
    assert 0 < found.by_chance < 0.3, "four raters an item are above 0 by chance alone"


def test_bins_hold_equal_masses() -> None:
    """A hundred different probabilities in ten bins of ten."""
    found = share_calibration(np.linspace(0, 0.5, 100) ** 2, np.zeros(100), np.full(100, 5), np.arange(100))
    assert found is not None and [each.n for each in found.bins] == [10] * 10


def test_intervals_draw_whole_pictures() -> None:
    """Ten copies of an item under one picture are no ten observations: the interval is as wide as that of one a picture."""
    values, images = np.array([0.0, 1.0, 2.0, 3.0]), np.array(["a", "b", "c", "d"])
    once, ten = mean_by_image(values, images), mean_by_image(np.repeat(values, 10), np.repeat(images, 10))
    assert once is not None and ten is not None
    assert (once.low, once.high) == pytest.approx((ten.low, ten.high))
    assert mean_by_image(values[:2], images[:2]).low is None  # type: ignore[union-attr]


def test_a_majority_is_more_than_anything_else() -> None:
    """Two grounds named equally often are no majority; one that is named most is, also without half of all."""
    assert said(1, 2, 3, 4, 5, grounds=("text", "text", "both", "both", "image")).ground == ""
    assert said(1, 2, 3, 4, grounds=("text", "text", "both", "image")).ground == "text"
    assert said(1, 2).ground == ""


def test_the_sample_follows_its_rule(own_cache: Path) -> None:
    """24 pictures with three or four scenarios, five raters; leanings, grounds and ratings as they are said to be drawn."""
    deck = open_items("sample")
    assert deck.folder == sample_folder()
    per_picture = [sum(item.cluster == image for item in deck.items) for image in {item.cluster for item in deck.items}]
    assert len(per_picture) == 24 and set(per_picture) == {3, 4}
    people = {item.id: people_of(item) for item in deck.items}
    means = {rater: fmean(next(r.score for r in each.ratings if r.rater == rater) for each in people.values()) for rater in LEANINGS}
    overall = fmean(means.values())
    assert all(abs(means[rater] - overall - leaning) < 0.25 for rater, leaning in LEANINGS.items())
    grounds = [rating.grounding for each in people.values() for rating in each.ratings]
    assert set(grounds) == set(GROUNDS)
    agreeing = fmean(rating.grounding == each.ground for each in people.values() if each.ground for rating in each.ratings)
    assert GROUNDED - 0.1 < agreeing < GROUNDED + 0.1
    assert all(item.about["synthetic"] == "yes" for item in deck.items)
    found = ceiling(people, {item.id: str(item.cluster) for item in deck.items})
    assert 0.7 < found["tau_b"].estimate < 0.95 and 0.5 < found["mae"].estimate < 0.85


def test_an_image_that_lacks_an_answer_is_bounded_by_its_worst_order() -> None:
    """Two of three scenarios rated: at worst the order would be the people's turned round, which is no NDCG of 0."""
    people = people_table({f"s{n}": People((Rating("r", n),)) for n in (1, 3, 5)})
    asked = pl.DataFrame({"who": ["m"] * 3, "item": ["s1", "s3", "s5"], "image": ["i"] * 3})
    answers = asked.head(2).with_columns(state=pl.lit("answered"), scores=pl.Series([{"rating": 1.0}, {"rating": 3.0}], dtype=pl.Object))
    row = scores(answers, expectations(answers, people), asked, people).row(0, named=True)
    gains = [2**n - 1 for n in (1, 3, 5)]
    worst = sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[::-1]))
    assert (row["rated"], row["open"]) == (2, 1)
    assert row["ndcg_least"] == pytest.approx(worst / best)
    assert (row["ndcg_most"], row["tau_b_least"], row["tau_b_most"]) == (1.0, -1.0, 1.0)
